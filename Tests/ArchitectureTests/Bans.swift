/// Constructions that undo what the architecture promises, with the few files that may use them and why.
struct Ban {
    let name: String
    /// A regular expression for the code, comments and strings blanked.
    let pattern: String
    /// What to do instead.
    let instead: String
    /// Path of a file, or of a folder if it ends in `/`, below `Sources/`, and the reason.
    var exceptions: [String: String] = [:]

    func allows(_ path: String) -> Bool {
        exceptions.keys.contains { path == "Sources/\($0)" || ($0.hasSuffix("/") && path.hasPrefix("Sources/\($0)")) }
    }
}

enum Bans {
    static let all: [Ban] = [
        Ban(
            name: "wall clock",
            pattern: #"\bDate\(\)|\bclock_gettime\b|\bgettimeofday\b|\bDispatchTime\b"#,
            instead: "take the time as a parameter; real clocks are made in App",
            exceptions: realClocks),
        Ban(
            name: "running clock",
            pattern:
                #"\b(Continuous|Suspending)Clock\b|\b(?!RealWorld\b)[A-Z]\w*\.now\b|\bclock\.now\b(?!\()|(?<![\w)\]?!])\.now\b(?!\()"#,
            instead: "take the time as a parameter; real clocks are made in App",
            exceptions: realClocks),
        Ban(
            name: "unseeded randomness",
            pattern: #"\bSystemRandomNumberGenerator\b|\.random\((?![^()]*using:)|\.randomElement\(\)|\.shuffled?\(\)"#,
            instead: "take a generator as a parameter",
            exceptions: [
                "Identity/": "salts and tokens come from the system's generator",
                "App/Wiring/RealClocks.swift": "makes real time and randomness for everyone",
                "App/Wiring/Database.swift": "gives the pool its jitter",
            ]),
        Ban(
            name: "print", pattern: #"(?<![\w.])(print|debugPrint|dump)\("#,
            instead: "log, or return the text to the command",
            exceptions: ["tiffin/Terminal/Terminal.swift": "the one place that writes to the terminal"]),
        Ban(name: "forced try", pattern: #"\btry!"#, instead: "handle the error, or a precondition with a sentence"),
        Ban(name: "forced cast", pattern: #"\bas!"#, instead: "cast with a check"),
        Ban(
            name: "unchecked Sendable", pattern: #"@unchecked\s+Sendable"#,
            instead: "an actor, a Mutex, or a noncopyable value with one owner", exceptions: unchecked),
        Ban(name: "unsafe isolation", pattern: #"nonisolated\(unsafe\)"#, instead: "a Mutex or an actor"),
        Ban(
            name: "free task",
            pattern: #"(?<![\w.])Task(<[^>]*>)?(\.detached|\.immediate)?\s*(\(priority:[^)]*\)\s*)?\{"#,
            instead: "a Service in the group, or a child of a task group"),
        Ban(
            name: "fatalError", pattern: #"\bfatalError\("#, instead: "a precondition with a sentence, or a typed error"
        ),
        Ban(
            name: "blocking sleep", pattern: #"\bThread\.sleep|(?<![\w.])(u|nano)?sleep\("#,
            instead: "a timer given by the caller",
            exceptions: ["Postgres/Cluster/": "waits for a child process on a thread of its own"]),
    ]

    private static let realClocks = [
        "App/Wiring/RealClocks.swift": "makes real time and randomness for everyone",
        "App/Services/Services.swift": "gives the services their clock",
        "App/Services/DrainService.swift": "gives the sockets a bounded time to end",
        "App/Services/RoutingService.swift": "gives requests to the routing server their time limit",
        "tiffin/Geo/GeoBench.swift": "measures the time of a thread",
        "tiffin/Terminal/Stopwatch.swift": "measures for load and conformance",
        "DriverClient/Inbox.swift": "stamps what was received, to judge whether it came in time",
        "Postgres/Threads/MonotonicTime.swift": "holds the deadlines of calls to the database",
    ]

    /// Files that own a C handle or a lock the compiler cannot see through.
    private static let unchecked: [String: String] = [:]
}

/// Words that stand for a concept that has another name here.
enum Vocabulary {
    static let banned: [String: String] = [
        "courier": "driver", "couriers": "drivers", "rider": "driver", "riders": "drivers", "bundle": "batch",
        "bundles": "batches", "job": "order", "jobs": "orders", "task": "order", "tasks": "orders",
        "match": "assignment", "allocation": "assignment", "broadcast": "push", "manager": "a noun of the domain",
        "helper": "a noun of the domain", "helpers": "a noun of the domain", "util": "a noun of the domain",
        "utils": "a noun of the domain", "utility": "a noun of the domain", "utilities": "a noun of the domain",
    ]
}
