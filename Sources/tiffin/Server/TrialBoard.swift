import App
import DispatchCore
import Fulfilment
import Synchronization

/// What a trial tells the person at the terminal, and the script that waits for its file, once it is ready.
final class TrialBoard: Sendable {
    private let trial = Mutex<Trial?>(nil)
    private let readyFile: String?
    private let gate: ReadyGate?

    init(readyFile: String?, gate: ReadyGate? = nil) {
        self.readyFile = readyFile
        self.gate = gate
    }

    func hold(_ trial: Trial) {
        self.trial.withLock { $0 = trial }
    }

    func ready(port: Int) async {
        guard let trial = trial.withLock({ $0 }) else { return }
        let url = "\(trial.speaksTLS ? "https" : "http")://127.0.0.1:\(port)"
        if let readyFile {
            do {
                try trial.report(url: url).write(to: readyFile)
            } catch {
                Terminal.complain("tiffin: \(error)")
            }
        }
        let socket = (trial.speaksTLS ? "wss" : "ws") + "://127.0.0.1:\(port)"
        let driver = trial.drivers.first
        Terminal.line("  ready      \(url)")
        Terminal.line("  admin      \(trial.folder.adminEmail)  password \(trial.folder.adminPassword)")
        if let driver {
            Terminal.line(
                "  driver     \(driver.id)  \(driver.email ?? driver.phone)  password \(trial.folder.driverPassword)")
            Terminal.line(
                "  app        \(socket)/api/v1/ws/driver/\(driver.id)?token=…  (tiffin token issue --driver \(driver.id))"
            )
        }
        Terminal.line("  phones     a phone on this network reaches it with --http-host 0.0.0.0")
        gate?.open(url: url)
    }
}
