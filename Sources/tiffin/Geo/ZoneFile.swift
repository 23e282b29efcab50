import Geo

/// A file of zones, judged as the server will judge it, by the same reader and the same rules.
package struct ZoneFile {
    package let verdicts: [ZoneVerdict]
    private let features: [ZoneFeature]
    private let isRepairing: Bool

    /// - Parameters:
    ///   - isRepairing: borders that can be repaired are no reason to refuse the file.
    ///   - isClearing: neither is a collection without features.
    package init(_ contents: [UInt8], repairing isRepairing: Bool = false, clearing isClearing: Bool = false) {
        self.isRepairing = isRepairing
        do {
            let features = try GeoJSON.zones(from: contents)
            try ZoneFeature.check(features)
            self.features = features
            verdicts = features.enumerated().map { number, feature in
                ZoneVerdict(feature.shape, name: feature.name ?? "feature \(number)")
            }
        } catch  where error.code == .noZones && isClearing {
            (features, verdicts) = ([], [])
        } catch {
            features = []
            verdicts = [ZoneVerdict(problem: error)]
        }
    }

    /// Whether the file can be sent.
    package var isAcceptable: Bool { verdicts.allSatisfy { $0.isSound || isRepairing && $0.isRepairable } }

    /// The zones as one feature collection, whatever the file was.
    package var normalised: String { GeoJSON.text(of: features) }
}

/// What is to be said about one zone of a file.
package struct ZoneVerdict {
    package let line: String
    package let isSound: Bool
    package let isRepairable: Bool
    /// Sound, but lying where hardly anybody can mean it.
    package var isDoubtful = false

    fileprivate init(problem: ZoneProblem) {
        let remedy = problem.code == .noZones ? "; --clear takes all zones away" : ""
        line = "\(problem)\(remedy)"
        (isSound, isRepairable) = (false, false)
    }

    fileprivate init(_ shape: ZoneShape, name: String) {
        do {
            if let reason = try shape.checked(repair: true).repairedBecause {
                line = "\(name)\t\(reason); can be repaired (--repair)"
                (isSound, isRepairable) = (false, true)
                return
            }
            isDoubtful = shape.mayBeSwapped
            line =
                isDoubtful
                ? "\(name)\twarning: lies beyond a polar circle; GeoJSON has the longitude first, are the degrees exchanged?"
                : "\(name)\tsound"
            (isSound, isRepairable) = (true, true)
        } catch {
            line = "\(name)\t\(error)"
            (isSound, isRepairable) = (false, false)
        }
    }
}
