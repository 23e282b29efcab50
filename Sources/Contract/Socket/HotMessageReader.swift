/// Reads the messages that phones send all day with the help of those that came before: one for all the phones of an
/// event loop, because they run the same app.
///
/// It remembers the skeletons of a few forms of a position. What fits none of them is the scanner's and the general
/// decoder's to judge, so that a message means the same with or without a memory; a test requires it.
package struct HotMessageReader {
    package enum Hot: Equatable, Sendable {
        case ping
        case location(LocationUpdate)
    }

    /// Forms that are remembered: the deployed app has two, with an order and without.
    static let forms = 4
    /// Of the messages that fit none, one in so many is learnt, so that phones without a steady form cost little.
    private static let learnsOneIn = 8
    /// A longer message is not worth remembering.
    private static let longest = 1024

    private var skeletons: [LocationSkeleton] = []
    /// The one that fitted last.
    private var likely = 0
    /// The one to be forgotten next.
    private var oldest = 0
    private var strangers = 0

    package init() {}

    /// The position, or nil when the message is something else or is written in a form of its own.
    ///
    /// - Complexity: O(n), without allocation where the form is known.
    package mutating func location(_ bytes: UnsafeRawBufferPointer) -> LocationUpdate? {
        if likely < skeletons.count, let update = skeletons[likely].read(bytes) { return update }
        return unlikelyLocation(bytes)
    }

    private mutating func unlikelyLocation(_ bytes: UnsafeRawBufferPointer) -> LocationUpdate? {
        for index in skeletons.indices where index != likely {
            guard let update = skeletons[index].read(bytes) else { continue }
            likely = index
            return update
        }
        guard case .location(let update)? = DriverMessageScanner.scan(bytes) else { return nil }
        if strangers % Self.learnsOneIn == 0 { learn(bytes) }
        strangers &+= 1
        return update
    }

    private mutating func learn(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.longest, let skeleton = LocationSkeleton(of: bytes) else { return }
        if skeletons.count < Self.forms {
            likely = skeletons.count
            skeletons.append(skeleton)
        } else {
            likely = oldest
            skeletons[oldest] = skeleton
            oldest = (oldest + 1) % Self.forms
        }
    }

    /// Whether these are the bytes of a ping as the apps write it.
    package static func isPing(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // {"type":"ping"}
        bytes.count == 15 && bytes.loadUnaligned(as: UInt64.self).littleEndian == 0x3A22_6570_7974_227B
            && bytes.loadUnaligned(fromByteOffset: 7, as: UInt64.self).littleEndian == 0x7D22_676E_6970_223A
    }
}
