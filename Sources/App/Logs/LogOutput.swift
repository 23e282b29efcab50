import DispatchCore
import Glibc
package import Logging
import Synchronization

/// Sets the process's log output up, once, as the configuration says.
package enum LogOutput {
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
        let lock = Mutex(())
        let write: @Sendable (String) -> Void = { line in
            lock.withLock { _ in
                // One write a line keeps lines whole when several processes share the terminal.
                _ = (line + "\n").withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
            }
        }
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
}
