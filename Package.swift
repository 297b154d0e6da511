// swift-tools-version: 6.3
import PackageDescription

/// Every target is built with the same strict settings; a warning is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// `Sources` also marks each unsafe expression. Tests do not: `#expect` does not compile under it.
let sources = strict + [.strictMemorySafety()]

let package = Package(
    name: "pinfold",
    products: [
        .executable(name: "pinfold", targets: ["pinfold"]),
        .library(name: "PinfoldCgroups", targets: ["PinfoldCgroups"]),
    ],
    targets: [
        .target(name: "CPinfoldLinux", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(name: "PinfoldLinux", dependencies: ["CPinfoldLinux"], swiftSettings: sources),
        .target(name: "PinfoldCgroups", dependencies: ["PinfoldLinux"], swiftSettings: sources),
        .target(name: "PinfoldJSON", swiftSettings: sources),
        .target(name: "PinfoldCore", swiftSettings: sources),
        .target(name: "PinfoldPolicy", dependencies: ["PinfoldCore"], swiftSettings: sources),
        .target(name: "PinfoldProtocol", dependencies: ["PinfoldCore", "PinfoldJSON"], swiftSettings: sources),
        .target(
            name: "PinfoldController",
            dependencies: [
                "PinfoldCgroups", "PinfoldLinux", "PinfoldPolicy", "PinfoldProtocol", "PinfoldCore", "PinfoldJSON",
            ],
            swiftSettings: sources),
        .target(name: "PinfoldACP", dependencies: ["PinfoldJSON"], swiftSettings: sources),
        .target(
            name: "PinfoldLauncher",
            dependencies: ["PinfoldACP", "PinfoldProtocol", "PinfoldLinux", "PinfoldCore", "PinfoldJSON"],
            swiftSettings: sources),
        .executableTarget(
            name: "pinfold",
            dependencies: [
                "PinfoldController", "PinfoldLauncher", "PinfoldPolicy", "PinfoldProtocol", "PinfoldCgroups",
                "PinfoldLinux", "PinfoldCore", "PinfoldJSON",
            ],
            swiftSettings: sources,
            linkerSettings: [
                // One file that runs in an empty container and starts in under a millisecond.
                .unsafeFlags(["-static-executable", "-Xlinker", "-s"], .when(configuration: .release))
            ]),

        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .target(
            name: "TestSupport", dependencies: ["PinfoldCgroups", "PinfoldLinux", "CTestSupport"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .testTarget(
            name: "PinfoldControllerTests",
            dependencies: [
                "PinfoldController", "PinfoldCgroups", "PinfoldLinux", "PinfoldPolicy", "PinfoldProtocol",
                "PinfoldCore",
                "PinfoldJSON", "TestSupport", "CTestSupport",
            ], swiftSettings: strict),
        .testTarget(
            name: "PinfoldLinuxTests", dependencies: ["PinfoldLinux", "PinfoldCgroups", "TestSupport", "CTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PinfoldCgroupsTests",
            dependencies: ["PinfoldCgroups", "PinfoldLinux", "TestSupport", "CTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PinfoldACPTests", dependencies: ["PinfoldACP", "PinfoldJSON", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "PinfoldLauncherTests", dependencies: ["PinfoldLauncher", "PinfoldLinux"], swiftSettings: strict),
        .testTarget(name: "PinfoldCoreTests", dependencies: ["PinfoldCore", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "PinfoldPolicyTests", dependencies: ["PinfoldPolicy", "PinfoldCore", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PinfoldProtocolTests",
            dependencies: ["PinfoldProtocol", "PinfoldCore", "PinfoldJSON", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SystemTests",
            dependencies: ["pinfold", "PinfoldCgroups", "PinfoldLinux", "PinfoldJSON", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "PinfoldJSONTests", dependencies: ["PinfoldJSON", "TestSupport"], swiftSettings: strict),
    ]
)
