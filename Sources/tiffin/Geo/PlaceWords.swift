package import Geo

/// A place as people type it: `12.935,77.624`, also with blanks around the comma, in one word or in several.
package struct PlaceWords {
    package let point: GeoPoint

    package struct Unreadable: Error, CustomStringConvertible {
        package let description: String
    }

    package init(_ words: [String]) throws(Unreadable) {
        let text = words.joined(separator: " ")
        if let option = words.first(where: { $0.hasPrefix("--") }) {
            throw Unreadable(description: "there is no option \(option)")
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            Double(String(part).trimmingBlanks)
        }
        guard parts.count == 2, let latitude = parts[0], let longitude = parts[1] else {
            throw Unreadable(description: "the place must be LATITUDE,LONGITUDE such as 12.935,77.624, not \(text)")
        }
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            throw Unreadable(description: "\(text) is not on the globe; the latitude comes first")
        }
        self.point = point
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
