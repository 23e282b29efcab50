internal import DispatchCore
internal import Geo

/// One file of HTML with the figures of one or two policies side by side and plots, without anything from outside.
package struct CityReport {
    package struct Entry {
        package var name: String
        package var day: CityDay
        package var figures: CityFigures

        package init(name: String, day: CityDay) {
            self.name = name
            self.day = day
            figures = CityFigures(day)
        }
    }

    private let entries: [Entry]
    private static let colours = ["#1b6ca8", "#d1495b"]

    package init(_ entries: [Entry]) { self.entries = entries }

    package var html: String {
        let scenario = entries.first?.day.scenario.name ?? ""
        let seed = entries.first?.day.seed ?? 0
        return """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Tiffin: \(escaped(scenario))</title>
            <style>body{font:15px system-ui;margin:2em auto;max-width:60em;color:#222}table{border-collapse:collapse}
            td,th{padding:.3em .9em;border-bottom:1px solid #ddd;text-align:right}
            td:first-child,th:first-child{text-align:left}
            figure{display:inline-block;margin:1em 1em 0 0}
            figcaption{font-size:13px;color:#555}svg{background:#fafafa}</style>
            <h1>Scenario \(escaped(scenario)), seed \(seed)</h1>\(legend)\(table)
            \(figure("Click to door over the service (minutes by minute placed)", scatter))
            \(figure("Click to door, distribution (5-minute steps)", histogram))
            \(figure("Batch sizes", sizes))
            \(figure("Driver use (share of the service, driver by driver)", use))
            \(figure("Map: restaurants, doors and the ways between them", map))
            </html>
            """
    }

    private var legend: String {
        let items = entries.enumerated().map { index, entry in
            "<b style=\"color:\(Self.colours[index % 2])\">■ \(escaped(entry.name))</b>"
        }
        return "<p>\(items.joined(separator: " &nbsp; "))</p>"
    }

    private var table: String {
        let heads = entries.map { "<th>\(escaped($0.name))</th>" }.joined()
        let rows = (entries.first?.figures.rows ?? []).indices.map { index in
            let cells = entries.map { "<td>\(rounded($0.figures.rows[index].value))</td>" }.joined()
            return "<tr><td>\(entries[0].figures.rows[index].name)</td>\(cells)</tr>"
        }
        return "<table><tr><th></th>\(heads)</tr>\(rows.joined())</table>"
    }

    private func figure(_ caption: String, _ drawing: String) -> String {
        "<figure><svg width=\"420\" height=\"260\" viewBox=\"0 0 420 260\">\(drawing)</svg>"
            + "<figcaption>\(caption)</figcaption></figure>"
    }

    private var scatter: String {
        let span = Double(max(entries.map(\.day.scenario.minutes).max() ?? 1, 1))
        return axis(bottom: "\(Int(span)) min", top: "90 min")
            + each { entry, colour in
                entry.figures.series.map { point in
                    let (x, y) = (30 + 380 * min(point.placed / span, 1), 240 - 220 * min(point.time / 90, 1))
                    return
                        "<circle cx=\"\(rounded(x))\" cy=\"\(rounded(y))\" r=\"2\""
                        + " fill=\"\(colour)\" fill-opacity=\".5\"/>"
                }.joined()
            }
    }

    private var histogram: String {
        let counts = entries.map { entry in
            (0..<18).map { bin in entry.figures.series.count { min(Int($0.time / 5), 17) == bin } }
        }
        return bars(counts, labels: (0..<18).map { $0 % 3 == 0 ? "\($0 * 5)" : "" })
    }

    private var sizes: String { bars(entries.map(\.figures.batchSizes), labels: ["1", "2", "3", "4"]) }

    private var use: String {
        let lists = entries.map { entry in
            let span = max(entry.day.ticks * Int(entry.day.policy.bounded.tick.value), 1)
            return entry.day.drivers.map { $0.busySeconds * 100 / span }.sorted(by: >)
        }
        return bars(lists, labels: [])
    }

    private func bars(_ lists: [[Int]], labels: [String]) -> String {
        let count = max(lists.map(\.count).max() ?? 1, 1)
        let most = Double(max(lists.joined().max() ?? 1, 1))
        let width = 380 / Double(count)
        var text = axis(bottom: "", top: "\(Int(most))")
        for (index, list) in lists.enumerated() {
            let part = width / Double(lists.count) * 0.9
            for (bin, value) in list.enumerated() {
                let height = 220 * Double(value) / most
                let x = 30 + Double(bin) * width + Double(index) * part
                text += "<rect x=\"\(rounded(x))\" y=\"\(rounded(240 - height))\" width=\"\(rounded(max(part, 0.5)))\" "
                text += "height=\"\(rounded(height))\" fill=\"\(Self.colours[index % 2])\"/>"
            }
        }
        for (bin, label) in labels.enumerated() where !label.isEmpty {
            text +=
                "<text x=\"\(rounded(30 + (Double(bin) + 0.3) * width))\" y=\"254\" font-size=\"10\">\(label)</text>"
        }
        return text
    }

    private var map: String {
        guard let day = entries.first?.day, let first = day.places.first else { return "" }
        var box = (west: first.longitude, east: first.longitude, south: first.latitude, north: first.latitude)
        for place in day.places {
            box.west = min(box.west, place.longitude)
            box.east = max(box.east, place.longitude)
            box.south = min(box.south, place.latitude)
            box.north = max(box.north, place.latitude)
        }
        let scale = 240 / max(box.east - box.west, box.north - box.south, 1e-6)
        func spot(_ place: Int) -> (String, String) {
            let point = day.places[place]
            return (
                rounded(90 + (point.longitude - box.west) * scale), rounded(250 - (point.latitude - box.south) * scale)
            )
        }
        var text = ""
        for order in day.orders.prefix(400) where order.state == .delivered {
            let (from, to) = (spot(order.restaurant), spot(Int(order.dropoff.value)))
            text +=
                "<line x1=\"\(from.0)\" y1=\"\(from.1)\" x2=\"\(to.0)\" y2=\"\(to.1)\""
                + " stroke=\"#1b6ca8\" stroke-opacity=\".25\"/>"
        }
        for restaurant in 0..<day.scenario.restaurants {
            let (x, y) = spot(restaurant)
            text += "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"3.5\" fill=\"#d1495b\"/>"
        }
        return text
    }

    private func axis(bottom: String, top: String) -> String {
        "<path d=\"M30 20V240H410\" fill=\"none\" stroke=\"#999\"/>"
            + "<text x=\"2\" y=\"18\" font-size=\"10\">\(top)</text>"
            + "<text x=\"370\" y=\"254\" font-size=\"10\">\(bottom)</text>"
    }

    private func each(_ body: (Entry, String) -> String) -> String {
        entries.enumerated().map { body($1, Self.colours[$0 % 2]) }.joined()
    }

    private func rounded(_ value: Double) -> String { String((value * 100).rounded() / 100) }

    private func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
