import Contract
package import Logging

/// One JSON object a line on standard error: time, level, label, message, then the metadata as flat keys.
package struct JSONLineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .info
    private let label: String
    private let now: @Sendable () -> Int64
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - now: Milliseconds since 1970.
    ///   - write: Takes one line without its end.
    package init(label: String, now: @escaping @Sendable () -> Int64, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.now = now
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "{\"time\":\(Self.quoted(WireTime.format(milliseconds: now()))),\"level\":\"\(event.level)\","
        line += "\"label\":\(Self.quoted(label)),\"message\":\(Self.quoted(Redaction.clean("\(event.message)")))"
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            line += ",\(Self.quoted(key)):\(Self.quoted(Redaction.clean("\(value)")))"
        }
        write(line + "}")
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// A line for people: time, level, message, metadata.
package struct TextLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .info
    private let now: @Sendable () -> Int64
    private let write: @Sendable (String) -> Void

    package init(now: @escaping @Sendable () -> Int64, write: @escaping @Sendable (String) -> Void) {
        self.now = now
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = "\(WireTime.format(milliseconds: now())) \(event.level) \(Redaction.clean("\(event.message)"))"
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            line += " \(key)=\(Redaction.clean("\(value)"))"
        }
        write(line)
    }
}

/// The last wall against tokens in logs: nothing that looks like one passes, whoever wrote the line.
enum Redaction {
    /// Replaces what follows `token=` and everything that looks like a JSON Web Token.
    static func clean(_ text: String) -> String {
        guard text.contains("eyJ") || text.contains("token=") else { return text }
        var cleaned = text
        for marker in ["token=", "eyJ"] {
            var searched = cleaned.startIndex
            while let found = cleaned[searched...].range(of: marker) {
                let start = marker == "eyJ" ? found.lowerBound : found.upperBound
                let end = cleaned[start...].firstIndex { !isTokenCharacter($0) } ?? cleaned.endIndex
                let offset = cleaned.distance(from: cleaned.startIndex, to: start)
                cleaned.replaceSubrange(start..<end, with: "<redacted>")
                searched = cleaned.index(cleaned.startIndex, offsetBy: offset + "<redacted>".count)
            }
        }
        return cleaned
    }

    private static func isTokenCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-_.~+/=%".contains(character))
    }
}

extension Substring {
    fileprivate func range(of other: String) -> Range<Index>? {
        ranges(of: other).first
    }
}
