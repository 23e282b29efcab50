@main
struct Tiffin {
    static func main() {}
}
