/// Who may import whom: the drawing in `Sources/README.md` as a table. A module imports only from rows below its own.
struct Module {
    let name: String
    let row: Int
    /// Modules of ours, all from lower rows.
    let ours: Set<String>
    /// Packages, Foundation and the system.
    let others: Set<String>

    init(_ name: String, row: Int, ours: Set<String> = [], others: Set<String> = []) {
        self.name = name
        self.row = row
        self.ours = ours
        self.others = others
    }
}

enum Walls {
    private static let nio: Set = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket"]
    private static let observed: Set = ["Logging", "Metrics", "CoreMetrics"]
    private static let foundation: Set = ["Foundation", "FoundationEssentials"]
    private static let rules: Set = ["Geo", "DispatchCore", "Fulfilment"]

    static let modules: [Module] = [
        Module("CGEOS", row: -1), Module("CLibPQ", row: -1), Module("CLibCrypto", row: -1),
        // Row 0 and 1 are pure: no clock, no Foundation in the geometry and the solver, no network anywhere.
        Module("Geo", row: 0, ours: ["CGEOS"], others: ["Glibc", "Synchronization"]),
        Module("Contract", row: 0, others: foundation.union(["Glibc", "Synchronization"])),
        Module("DispatchCore", row: 1, ours: ["Geo"]),
        Module(
            "Fulfilment", row: 2, ours: ["Geo", "DispatchCore"],
            others: observed.union(["DequeModule", "Synchronization"])),
        Module(
            "Identity", row: 2, ours: ["CLibCrypto"],
            others: foundation.union(["JWTKit", "Metrics", "Synchronization", "Glibc", "Dispatch"])),
        Module(
            "Postgres", row: 2, ours: ["CLibPQ"],
            others: observed.union(foundation).union(["Synchronization", "Glibc"])),
        Module(
            "OSRM", row: 2, ours: ["Geo"],
            others: observed.union(foundation).union(["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "Synchronization"])),
        Module(
            "DriverClient", row: 2, ours: ["Contract"],
            others: nio.union(foundation).union(["NIOSSL", "AsyncHTTPClient", "Synchronization"])),
        Module(
            "Gateway", row: 3, ours: rules.union(["Identity", "Contract"]),
            others: nio.union(observed).union(foundation).union([
                "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "HTTPTypes", "HummingbirdCore", "ServiceLifecycle",
                "Synchronization", "Glibc",
            ])),
        Module(
            "API", row: 3, ours: rules.union(["Identity", "Contract"]),
            others: observed.union(foundation).union(["Hummingbird", "HTTPTypes", "NIOCore", "Synchronization"])),
        Module(
            "Store", row: 3, ours: rules.union(["Postgres"]),
            others: foundation.union(["Logging", "Synchronization"])),
        Module(
            "Simulation", row: 3, ours: rules.union(["Contract"]),
            others: foundation.union(["Synchronization", "Dispatch", "Logging"])),
        Module(
            "App", row: 4,
            ours: rules.union([
                "API", "Gateway", "Store", "Identity", "Postgres", "OSRM", "DriverClient", "Contract", "Simulation",
            ]),
            others: nio.union(observed).union(foundation).union([
                "NIOSSL", "NIOCertificateReloading", "Hummingbird", "HummingbirdCore", "HummingbirdTLS",
                "Configuration",
                "ServiceLifecycle", "AsyncHTTPClient", "Synchronization", "Glibc", "SystemPackage", "UnixSignals",
                "Yams",
            ])),
        Module(
            "tiffin", row: 5,
            ours: rules.union([
                "App", "Simulation", "DriverClient", "Contract", "Identity", "Postgres", "Store",
            ]),
            others: nio.union(foundation).union([
                "ArgumentParser", "Configuration", "Logging", "Histogram", "AsyncHTTPClient", "ServiceLifecycle",
                "NIOSSL", "Synchronization", "Glibc",
            ])),
    ]

    static func module(named name: String) -> Module? { modules.first { $0.name == name } }
}
