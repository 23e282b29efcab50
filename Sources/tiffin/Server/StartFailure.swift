import NIOCore

/// Turns what the system says at start into a sentence with its remedy.
enum StartFailure {
    static func sentence(for error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        switch error.errnoCode {
        case 98: return "the port is taken by another program: choose one with --http-port (demo: --port)"
        case 13: return "this user may not listen on that port: choose one above 1023 with --http-port"
        case 99: return "this machine does not have the address of --http-host"
        default: return "\(error)"
        }
    }
}
