internal import Geo

/// What a `table` request was answered with.
package struct TableAnswer: Hashable, Sendable {
    /// A way, or nil where there is none.
    package struct Cell: Hashable, Sendable {
        package let milliseconds: Int64
        package let metres: Int64
    }

    /// Row by row; `nil` is "no route".
    package let cells: [[Cell?]]

    /// Why an answer cannot be used.
    package enum Failure: Error, Hashable, Sendable {
        /// Not JSON, or not what `table` answers.
        case malformed(String)
        /// OSRM refused: its code and its words.
        case refused(code: String, message: String)
        /// No road near this coordinate, counted over origins, then destinations.
        case noRoad(coordinate: Int)
    }

    /// Longer than any delivery: a day.
    static let longest = 86_400.0

    /// Reads an answer, of status 200 or 400.
    ///
    /// A cell that is null, negative or longer than a day is no route. Matrices of a wrong shape are malformed.
    package init(parsing body: [UInt8], origins: Int, destinations: Int) throws(Failure) {
        let json: JSONText
        do throws(JSONText.Failure) {
            json = try JSONText(parsing: body)
        } catch {
            throw .malformed(error.description)
        }
        guard case .string(let code)? = json["code"] else { throw .malformed("there is no code") }
        guard code == "Ok" else { throw TableAnswer.refusal(code: code, json) }
        let durations = try TableAnswer.matrix(json["durations"], origins, destinations, "durations")
        let distances = try TableAnswer.matrix(json["distances"], origins, destinations, "distances")
        cells = zip(durations, distances).map { durations, distances in
            zip(durations, distances).map { seconds, metres in
                guard let seconds, let metres, seconds >= 0, seconds <= TableAnswer.longest, metres >= 0, metres < 1e7
                else { return nil }
                return Cell(milliseconds: Int64((seconds * 1000).rounded()), metres: Metres(metres).whole)
            }
        }
    }

    private static func refusal(code: String, _ json: JSONText) -> Failure {
        var message = ""
        if case .string(let text)? = json["message"] { message = String(text.prefix(200)) }
        // "Could not find a matching segment for coordinate 3"
        if code == "NoSegment", let word = message.split(separator: " ").last, let number = Int(word), number >= 0 {
            return .noRoad(coordinate: number)
        }
        return .refused(code: String(code.prefix(40)), message: message)
    }

    private static func matrix(
        _ value: JSONText?, _ rows: Int, _ columns: Int, _ name: String
    ) throws(Failure) -> [[Double?]] {
        guard case .array(let members)? = value, members.count == rows else {
            throw .malformed("\(name) has not \(rows) rows")
        }
        var matrix: [[Double?]] = []
        for member in members {
            guard case .array(let cells) = member, cells.count == columns else {
                throw .malformed("a row of \(name) has not \(columns) cells")
            }
            var row: [Double?] = []
            for cell in cells {
                switch cell {
                case .number(let number): row.append(number)
                case .null: row.append(nil)
                default: throw .malformed("\(name) holds something that is not a number")
                }
            }
            matrix.append(row)
        }
        return matrix
    }
}
