import Glibc
import Synchronization

/// A wall clock for one process that can be set: a library put before the C library adds an offset to it. The monotonic
/// clock goes on, as it does when a machine's time is corrected.
final class ClockShim: Sendable {
    struct NotBuilt: Error {}

    private let folder: String

    init() throws {
        folder = "/tmp/tiffin-clock-\(getpid())"
        mkdir(folder, 0o755)
        let source = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <fcntl.h>
            #include <stdint.h>
            #include <stdlib.h>
            #include <sys/mman.h>
            #include <time.h>
            static volatile int64_t *offset;
            __attribute__((constructor)) static void begin(void) {
                const char *path = getenv("CLOCK_OFFSET_FILE");
                int file = path ? open(path, O_RDONLY) : -1;
                if (file >= 0) offset = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
            }
            int clock_gettime(clockid_t clock, struct timespec *time) {
                static int (*real)(clockid_t, struct timespec *);
                if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
                int outcome = real(clock, time);
                if (outcome == 0 && clock == CLOCK_REALTIME && offset) time->tv_sec += *offset;
                return outcome;
            }
            """
        Self.write(Array(source.utf8), to: folder + "/clock.c")
        set(by: 0)
        let arguments = ["clang", "-shared", "-fPIC", "-O1", folder + "/clock.c", "-o", folder + "/clock.so", "-ldl"]
        guard ServerProcess.run(arguments, output: folder + "/log") == 0 else { throw NotBuilt() }
    }

    /// Sets how many seconds are added to the wall clock.
    func set(by seconds: Int64) {
        Self.write(withUnsafeBytes(of: seconds) { Array($0) }, to: folder + "/offset")
    }

    var environment: [String: String] {
        ["LD_PRELOAD": folder + "/clock.so", "CLOCK_OFFSET_FILE": folder + "/offset"]
    }

    func remove() { _ = ServerProcess.run(["rm", "-rf", folder]) }

    /// Over what is there, in place, because the other process has the file mapped.
    private static func write(_ bytes: [UInt8], to path: String) {
        let file = open(path, O_WRONLY | O_CREAT, 0o644)
        guard file >= 0 else { return }
        _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }
}
