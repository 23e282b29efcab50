import Foundation

/// One instance of Li and Lim's pickup and delivery problem with time windows: long routes, one depot, fewest vehicles
/// first, then the shortest way.
struct LongRouteProblem: Sendable {
    var vehicles = 0
    var capacity = 0
    /// By node; node 0 is the depot.
    var demand: [Int] = []
    var earliest: [Double] = []
    var latest: [Double] = []
    var service: [Double] = []
    var ways: [Double] = []
    var pickups: [Int] = []
    var dropoffs: [Int] = []
    /// The pair of each node, and for each pair the others by closeness.
    var pairOf: [Int] = []
    var related: [[Int]] = []

    var nodes: Int { demand.count }

    init?(file: String) {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        let rows = text.split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        }.filter { !$0.isEmpty }
        guard let head = rows.first, head.count >= 2, rows.count > 2, rows.dropFirst().allSatisfy({ $0.count >= 9 })
        else { return nil }
        (vehicles, capacity) = (Int(head[0]), Int(head[1]))
        let nodes = rows.dropFirst().sorted { $0[0] < $1[0] }
        demand = nodes.map { Int($0[3]) }
        earliest = nodes.map { $0[4] }
        latest = nodes.map { $0[5] }
        service = nodes.map { $0[6] }
        for from in nodes {
            for to in nodes {
                ways.append(
                    ((from[1] - to[1]) * (from[1] - to[1]) + (from[2] - to[2]) * (from[2] - to[2])).squareRoot())
            }
        }
        pairOf = Array(repeating: -1, count: nodes.count)
        for (index, row) in nodes.enumerated() where index > 0 && row[8] > 0 {
            pairOf[index] = pickups.count
            pairOf[Int(row[8])] = pickups.count
            pickups.append(index)
            dropoffs.append(Int(row[8]))
        }
        related = pickups.indices.map { one in
            func distance(_ other: Int) -> Double {
                way(pickups[one], pickups[other]) + way(dropoffs[one], dropoffs[other])
                    + abs(earliest[pickups[one]] - earliest[pickups[other]]) * 0.3
            }
            return pickups.indices.filter { $0 != one }.sorted { (distance($0), $0) < (distance($1), $1) }
        }
    }

    func way(_ from: Int, _ to: Int) -> Double { ways[from * nodes + to] }
}
