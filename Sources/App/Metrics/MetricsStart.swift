import CoreMetrics

/// Makes the factory the process's one; metrics made before are lost, so this comes first.
enum MetricsStart {
    static func start(_ factory: PrometheusFactory) {
        MetricsSystem.bootstrap(factory)
    }
}
