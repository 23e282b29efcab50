import DispatchCore
import Glibc
package import Logging

/// Sets the process's log output up, once, as the configuration says.
package enum LogOutput {
    private static let queue = LogQueue { lines in
        _ = lines.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
    }

    /// - Parameters:
    ///   - level: A level's name.
    ///   - format: `text`, `json` or `auto` (text on a terminal).
    /// - Throws: ``ConfigurationError`` for an unknown name.
    package static func start(level: String, format: String, metrics: PrometheusFactory?) throws -> Logger {
        guard let level = Logger.Level(rawValue: level) else {
            throw ConfigurationError(
                "log.level is \(level); it must be trace, debug, info, notice, warning, error or critical")
        }
        let isText: Bool
        switch format {
        case "text": isText = true
        case "json": isText = false
        case "auto": isText = isatty(STDERR_FILENO) == 1
        default: throw ConfigurationError("log.format is \(format); it must be text, json or auto")
        }
        let write: @Sendable (String) -> Void = { queue.take($0) }
        // What was said last must not be lost with the process.
        atexit { LogOutput.queue.flush() }
        let now: @Sendable () -> Int64 = { RealWorld.now().milliseconds }
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler =
                isText
                ? TextLogHandler(now: now, write: write) : JSONLineLogHandler(label: label, now: now, write: write)
            handler.logLevel = level
            return handler
        }
        if let metrics { MetricsStart.start(metrics) }
        return Logger(label: "tiffin")
    }

    /// Returns when every line so far is written.
    package static func flush() {
        queue.flush()
    }
}
