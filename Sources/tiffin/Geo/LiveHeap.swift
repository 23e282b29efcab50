import Glibc

/// Bytes of heap in use, as glibc's `mallinfo2()` counts them (`uordblks + hblkhd`).
///
/// Swift's module of the C library leaves out `<malloc.h>`, and the struct cannot be spelled without it; `malloc_info`
/// tells the same numbers as text and is found by name.
enum LiveHeap {
    private typealias MallocInfo = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32

    /// Nil where the C library is not glibc.
    static func bytes() -> Int? {
        guard let symbol = dlsym(nil, "malloc_info") else { return nil }
        let mallocInfo = unsafeBitCast(symbol, to: MallocInfo.self)
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let stream = open_memstream(&text, &size) else { return nil }
        let status = mallocInfo(0, stream)
        fclose(stream)
        defer { free(text) }
        guard status == 0, let text else { return nil }
        return inUse(String(cString: text))
    }

    /// The totals stand after the last arena: system - fast - rest + mmap.
    private static func inUse(_ report: String) -> Int? {
        let totals = report.split(separator: "\n").reversed()
        func size(_ prefix: String) -> Int? {
            guard let line = totals.first(where: { $0.hasPrefix(prefix) }) else { return nil }
            let digits = line.split(separator: "\"").last { $0.allSatisfy(\.isNumber) }
            return digits.flatMap { Int($0) }
        }
        guard let system = size("<system type=\"current\""), let fast = size("<total type=\"fast\""),
            let rest = size("<total type=\"rest\""), let mapped = size("<total type=\"mmap\"")
        else { return nil }
        return system - fast - rest + mapped
    }
}
