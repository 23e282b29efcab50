import Glibc

/// Small questions to the file system, without Foundation.
enum Paths {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The names in a folder, sorted; none when it cannot be read.
    static func entries(of folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The text of a small file, at most 64 KiB from its end.
    static func tail(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, size - 65_536), SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var length = 0
        while length < buffer.count {
            let count = buffer.withUnsafeMutableBytes { bytes in
                read(descriptor, bytes.baseAddress?.advanced(by: length), bytes.count - length)
            }
            if count <= 0 { break }
            length += count
        }
        return String(decoding: buffer.prefix(length), as: UTF8.self)
    }

    /// What a symbolic link points to.
    static func target(ofLink path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
            return readlink(path, base, bytes.count)
        }
        return length < 0 ? nil : String(decoding: buffer.prefix(length), as: UTF8.self)
    }

    /// The path without symbolic links, as the kernel shows it; the path itself when it does not exist.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// Makes a folder and its missing parents.
    static func makeFolder(_ path: String, mode: mode_t) -> Bool {
        if exists(path) { return true }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            guard makeFolder(String(path[..<slash]), mode: 0o755) else { return false }
        }
        return mkdir(path, mode) == 0 || errno == EEXIST
    }
}
