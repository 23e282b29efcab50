// swift-tools-version:6.2
import PackageDescription

// `TIFFIN_CORES=1` leaves out every module that needs the network stack. What remains (the pure cores, the libpq wall
// and the store) builds in seconds, which keeps the edit and test loop of the hard logic short. See `make test-cores`.
let coresOnly = Context.environment["TIFFIN_CORES"] != nil
let withBenchmarks = Context.environment["TIFFIN_BENCHMARKS"] != nil

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// The hot cores and the path of a position are compiled without run-time exclusivity checks in release: the storage of
// the cores is owned by one non-copyable value each, which the compiler has already proved exclusive; what a socket keeps
// belongs to its event loop, and what the house keeps to an actor or a mutex. Debug builds, and with them all tests, check.
let hotSettings: [SwiftSetting] =
    swiftSettings + [
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ]

func core(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = [],
    settings: [SwiftSetting] = swiftSettings
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

func suite(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: swiftSettings)
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let jwtKit: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hdrHistogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

var dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-collections.git", exact: "1.6.0"),
]

var targets: [Target] = [
    // C libraries, each behind one Swift module.
    .systemLibrary(name: "CGEOS", pkgConfig: "geos", providers: [.apt(["libgeos-dev"])]),
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // Rows 0 to 3, without the network stack.
    core("Geo", ["CGEOS"], settings: hotSettings),
    core("Contract", settings: hotSettings),
    core("DispatchCore", ["Geo"], settings: hotSettings),
    core("Fulfilment", ["DispatchCore", "Geo", deque, log, metrics], settings: hotSettings),
    core("Postgres", ["CLibPQ", log, metrics]),
    core(
        "Store", ["Postgres", "Fulfilment", "DispatchCore", "Geo", log],
        resources: [
            .embedInCode("Migrations/schema_0001.sql"), .embedInCode("Migrations/schema_0002_pools.sql"),
            .embedInCode("Migrations/schema_0003_presence.sql"),
            .embedInCode("Migrations/schema_0004_presence_places.sql"),
            .embedInCode("Migrations/schema_0005_repeated_notes.sql"),
            .embedInCode("Migrations/schema_0006_zone_properties.sql"),
            .embedInCode("Migrations/schema_0007_preparation.sql"),
            .embedInCode("Migrations/schema_0008_given_back.sql"),
            .embedInCode("Migrations/schema_0009_servers.sql"),
            .embedInCode("Migrations/invariants.sql"),
        ]),
    core("Simulation", ["Fulfilment", "DispatchCore", "Geo", "Contract", log]),

    .target(
        name: "TestSupport", dependencies: ["Fulfilment", "DispatchCore", "Geo", "Postgres", "Store"],
        path: "Tests/TestSupport", swiftSettings: swiftSettings),
    suite("GeoTests", ["Geo"]),
    suite("ContractTests", ["Contract"], resources: [.copy("Golden")]),
    suite("DispatchCoreTests", ["DispatchCore", "Geo"]),
    suite("FulfilmentTests", ["Fulfilment", "DispatchCore", "Geo", "Simulation", log]),
    suite("PostgresTests", ["Postgres", "TestSupport"]),
    suite("StoreTests", ["Store", "Postgres", "Fulfilment", "DispatchCore", "Geo", "TestSupport"]),
    suite("SimulationTests", ["Simulation", "Fulfilment", "DispatchCore", "Geo"]),
    suite(
        "PropertyTests",
        ["Fulfilment", "DispatchCore", "Geo", "Simulation", "Postgres", "Store", "TestSupport", log]),
    suite("ArchitectureTests"),
]

if !coresOnly {
    dependencies += [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0",
            traits: ["YAML", "CommandLineArguments"]),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system.git", exact: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", exact: "0.2.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: ["FullFoundation"]),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", exact: "5.7.1"),
    ]
    targets += [
        core("Identity", ["CLibCrypto", jwtKit, metrics]),
        core("OSRM", ["Geo", httpClient, nioCore, nioHTTP1, log, metrics]),
        core("DriverClient", ["Contract", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, httpClient]),
        core(
            "Gateway",
            [
                "Fulfilment", "Identity", "Contract", "DispatchCore", "Geo", nioCore, nioPosix, nioHTTP1, nioWebSocket,
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                hummingbirdCore, httpTypes, lifecycle, log, metrics,
            ], settings: hotSettings),
        core(
            "API",
            [
                "Fulfilment", "Identity", "Contract", "DispatchCore", "Geo", hummingbird, httpTypes, nioCore, log,
                metrics,
            ]),
        core(
            "App",
            [
                "API", "Gateway", "Store", "Fulfilment", "Identity", "Postgres", "OSRM", "DriverClient", "DispatchCore",
                "Geo", "Contract",
                "Simulation", hummingbird, hummingbirdCore, hummingbirdTLS, nioCore, nioPosix, nioHTTP1, nioSSL,
                configuration,
                .product(name: "NIOCertificateReloading", package: "swift-nio-extras"),
                lifecycle, log,
                metrics, httpClient,
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"), .product(name: "Yams", package: "Yams"),
            ]),
        .executableTarget(
            name: "tiffin",
            dependencies: [
                "App", "Simulation", "DriverClient", "Contract", "Geo", "DispatchCore", "Identity", "Postgres", "Store",
                "Fulfilment",
                arguments, configuration, log, hdrHistogram, httpClient, nioCore, nioPosix, nioHTTP1, nioWebSocket,
                lifecycle,
            ], swiftSettings: swiftSettings),
        suite("IdentityTests", ["Identity"]),
        suite(
            "ChaosTests",
            [
                "tiffin", "DriverClient", "Contract", "Identity", "Postgres", "Store", "Fulfilment", "DispatchCore",
                "Geo",
                "TestSupport", nioCore, nioPosix,
            ], exclude: ["README.md"]),
        suite("OSRMTests", ["OSRM", "Geo", nioCore, nioPosix, nioHTTP1, httpClient, log]),
        suite(
            "ConformanceTests",
            ["tiffin", "DriverClient", "Contract", "TestSupport", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL]),
        suite(
            "GatewayTests",
            [
                "Gateway", "Fulfilment", "Contract", "DispatchCore", "Geo", "Simulation", nioCore, nioPosix,
                hummingbirdCore, httpTypes, log, lifecycle,
            ]),
        // The gateway's own handlers with an echo behind them, for conformance suites: see Tests/SocketEcho.
        .executableTarget(
            name: "socket-echo",
            dependencies: [
                "Gateway", "Fulfilment", "DispatchCore", hummingbirdCore, httpTypes, lifecycle, nioCore, nioPosix, log,
            ], path: "Tests/SocketEcho", exclude: ["README.md"], swiftSettings: swiftSettings),
        suite(
            "APITests",
            [
                "API", "Fulfilment", "Identity", "Contract", "DispatchCore", "Geo", "Simulation", "TestSupport",
                hummingbird,
                httpTypes, nioCore, log,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ]),
        suite(
            "AppEndToEndTests",
            [
                "tiffin", "App", "DriverClient", "Contract", "Identity", "Postgres", "Store", "Fulfilment", "Geo",
                "TestSupport", "DispatchCore", httpClient, nioCore, nioPosix, nioSSL, nioWebSocket, log, lifecycle,
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ], exclude: ["README.md", "Workloads"]),
    ]
    dependencies.append(.package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"))
}

var products: [Product] = coresOnly ? [] : [.executable(name: "tiffin", targets: ["tiffin"])]

if withBenchmarks {
    targets += [
        .systemLibrary(name: "CEpoll", path: "benchmarks/realtime/CEpoll"),
        .executableTarget(
            name: "realtime", dependencies: ["CEpoll"], path: "benchmarks/realtime",
            exclude: [
                "CEpoll", "README.md", "bad.py", "common.py", "drivers.py", "idle.py", "mute.py", "peers", "push.py",
                "rates.py", "run", "storm.py", "takeover.py",
            ],
            swiftSettings: swiftSettings),
        // Needs the cores only: figures of the engine after a build of seconds.
        .executableTarget(
            name: "DispatchBenchmark", dependencies: ["Simulation", "DispatchCore", "Geo"],
            path: "benchmarks/dispatch",
            exclude: [
                "README.md", "common.py", "determinism.sh", "exact.py", "lilim.py", "mdrp.py", "seeds.sh", "small.py",
                "snapshots.py", "table.sh",
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "GeoContention", dependencies: ["Geo"], path: "benchmarks/geo",
            exclude: ["README.md", "counts.c", "hotpath.sh"],
            swiftSettings: swiftSettings),
    ]
    products.append(.executable(name: "dispatch", targets: ["DispatchBenchmark"]))
    products.append(.executable(name: "geo", targets: ["GeoContention"]))
}

let package = Package(
    name: "tiffin",
    products: products,
    dependencies: dependencies,
    targets: targets
)
