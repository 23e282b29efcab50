import Configuration
import Foundation
import SystemPackage
import Yams

/// Looks every setting up, flags over environment over file over default, and knows where each value came from.
package struct SettingsReader: Sendable {
    /// A value with its source.
    package struct Resolved: Sendable, Equatable {
        package let setting: Setting
        package let value: String?
        /// `flag`, `environment`, `file` or `default`.
        package let source: String
    }

    /// By flag, as they were given: the library would cut a value with a comma in two.
    private let flags: [String: String]
    private let providers: [(name: String, provider: any ConfigProvider)]
    private let databaseURL: String?
    private let defaults: [String: String]

    /// - Parameters:
    ///   - arguments: Flags of the form `--key value` or `--key=value`.
    ///   - environment: The process's environment.
    ///   - file: Path of a YAML file, nil for none.
    ///   - defaults: Defaults that differ from the table's, by key (what `demo` and `--dev` change).
    /// - Throws: ``ConfigurationError`` for an unknown key in any of them or an unreadable file.
    package init(
        arguments: [String], environment: [String: String], file: String?, defaults: [String: String] = [:]
    ) async throws {
        try Self.refuseUnknown(arguments: arguments)
        flags = Self.flags(arguments)
        try Self.refuseUnknown(environment: environment)
        var providers: [(String, any ConfigProvider)] = [
            ("environment", EnvironmentVariablesProvider(environmentVariables: Self.withoutPrefix(environment)))
        ]
        if let file {
            try Self.refuseUnknown(file: file)
            do {
                providers.append(("file", try await FileProvider<YAMLSnapshot>(filePath: FilePath(file))))
            } catch {
                throw ConfigurationError(
                    "configuration file \(file) cannot be read: it must be YAML like `ws: {idleTimeout: 300}`")
            }
        }
        self.providers = providers
        databaseURL = environment["DATABASE_URL"]
        self.defaults = defaults
    }

    /// The setting's value and source.
    package func resolve(_ setting: Setting) throws -> Resolved {
        let key = AbsoluteConfigKey(setting.key.split(separator: ".").map(String.init), context: [:])
        if let value = flags[setting.flag] {
            guard let plain = Self.plain(value, setting.kind) else {
                throw ConfigurationError("\(setting.flag) must be \(Self.described(setting.kind))")
            }
            return Resolved(setting: setting, value: plain, source: "flag")
        }
        for (name, provider) in providers {
            if let value = try text(of: setting, key: key, in: provider, named: name) {
                return Resolved(setting: setting, value: value, source: name)
            }
        }
        if setting.key == "database.url", let databaseURL {
            return Resolved(setting: setting, value: databaseURL, source: "environment")
        }
        return Resolved(setting: setting, value: defaults[setting.key] ?? setting.standard, source: "default")
    }

    /// `--key value`, `--key=value`, and `--key` alone for yes. Of one that comes twice the last counts; a list goes
    /// on.
    private static func flags(_ arguments: [String]) -> [String: String] {
        let lists = Set(Setting.all.filter { $0.kind == .list }.map(\.flag))
        var flags: [String: String] = [:]
        var index = 0
        while index < arguments.count {
            let parts = arguments[index].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            var value = parts.count > 1 ? String(parts[1]) : "true"
            index += 1
            if parts.count == 1, index < arguments.count, !arguments[index].hasPrefix("--") {
                value = arguments[index]
                index += 1
            }
            if lists.contains(name), let before = flags[name] { value = before + "," + value }
            flags[name] = value
        }
        return flags
    }

    /// The value in the one form that the typed reads know; nil when it is none of its kind.
    private static func plain(_ value: String, _ kind: Setting.Kind) -> String? {
        switch kind {
        case .text, .list: value
        case .integer: Int(value).map(String.init)
        case .number: Double(value).map { _ in value }
        case .yesNo:
            switch value.lowercased() {
            case "true", "yes", "1": "true"
            case "false", "no", "0": "false"
            default: nil
            }
        }
    }

    /// The environment is text; a YAML file has types of its own, so each is asked for the kinds it may be.
    private func text(
        of setting: Setting, key: AbsoluteConfigKey, in provider: any ConfigProvider, named name: String
    ) throws -> String? {
        let types: [ConfigType] =
            switch setting.kind {
            case .text: [.string]
            case .integer: [.int]
            case .number: [.double, .int]
            case .yesNo: [.bool]
            case .list: [.stringArray, .string]
            }
        var failed = false
        for type in types {
            do {
                guard let value = try provider.value(forKey: key, type: type).value else { continue }
                switch value.content {
                case .string(let text): return text
                case .int(let number): return String(number)
                case .double(let number): return String(number)
                case .bool(let flag): return String(flag)
                case .stringArray(let list): return list.joined(separator: ",")
                default: failed = true
                }
            } catch {
                failed = true
            }
        }
        guard !failed else {
            let place = name == "environment" ? setting.environment : "\(setting.key) in the file"
            throw ConfigurationError("\(place) must be \(Self.described(setting.kind))")
        }
        return nil
    }

    private static func described(_ kind: Setting.Kind) -> String {
        switch kind {
        case .text: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .yesNo: "true or false"
        case .list: "a list, separated by commas"
        }
    }

    private static func withoutPrefix(_ environment: [String: String]) -> [String: String] {
        var plain: [String: String] = [:]
        for (name, value) in environment where name.hasPrefix("TIFFIN_") { plain[String(name.dropFirst(7))] = value }
        return plain
    }

    /// Read elsewhere, and no settings: the first admin's account, and the switches of the package's own build.
    private static let otherVariables: Set<String> = [
        "TIFFIN_ADMIN_EMAIL", "TIFFIN_ADMIN_PASSWORD", "TIFFIN_CORES", "TIFFIN_BENCHMARKS", "TIFFIN_CONFIG",
    ]

    private static func refuseUnknown(environment: [String: String]) throws {
        let known = otherVariables.union(Setting.all.map(\.environment))
        for name in environment.keys.sorted() where name.hasPrefix("TIFFIN_") && !known.contains(name) {
            throw ConfigurationError("unknown setting \(name) in the environment; `tiffin config show` lists them all")
        }
    }

    private static func refuseUnknown(arguments: [String]) throws {
        let known = Set(Setting.all.map(\.flag))
        for argument in arguments where argument.hasPrefix("-") && Double(argument) == nil {
            let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? argument
            guard known.contains(name) else {
                throw ConfigurationError("unknown flag \(name); `tiffin config show` lists every setting with its flag")
            }
        }
        var mayBeValue = false
        for argument in arguments {
            let isFlag = argument.hasPrefix("--")
            guard isFlag || mayBeValue else {
                throw ConfigurationError("unexpected argument \(argument); settings are given as `--http-port 8000`")
            }
            mayBeValue = isFlag && !argument.contains("=")
        }
    }

    private static func refuseUnknown(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError("configuration file \(file) does not exist or cannot be read")
        }
        let text = String(decoding: data, as: UTF8.self)
        guard let tree = try? Yams.load(yaml: text) else {
            throw ConfigurationError("configuration file \(file) is not YAML")
        }
        let known = Set(Setting.all.map(\.key))
        func walk(_ node: Any, path: String) throws {
            guard let map = node as? [String: Any] else {
                guard known.contains(path) else {
                    throw ConfigurationError("unknown key \(path) in \(file); `tiffin config show` lists them all")
                }
                return
            }
            for (key, value) in map.sorted(by: { $0.key < $1.key }) {
                try walk(value, path: path.isEmpty ? key : "\(path).\(key)")
            }
        }
        try walk(tree, path: "")
    }
}
