@main
struct Pinfold {
    static func main() {}
}
