import Glibc

/// The load generator of the realtime benchmarks: see README.md beside it.
@main
struct Realtime {
    static func main() {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            print(Options.usage)
            exit(CommandLine.arguments.count == 1 ? 0 : 2)
        }
        guard let accounts = options.accounts() else {
            print("\(options.tokens) has not \(options.sockets) lines of driver_id<TAB>token")
            exit(2)
        }
        Machine.raiseFileLimit()
        switch options.scenario {
        case "flood", "stream", "steady", "idle", "mute": print(Load(options, accounts).run())
        case "storm": print(Storm(options, accounts).run())
        case "takeover": print(Takeover(options, accounts).run())
        default:
            print(Options.usage)
            exit(2)
        }
    }
}
