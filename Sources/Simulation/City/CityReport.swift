internal import DispatchCore
internal import Fulfilment
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
    private static let mostWays = 2000

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
            \(figure("Click to door in minutes over the service; lines: mean of ten minutes", scatter))
            \(figure("Minutes after (right of 0) or before the promised time, orders", latenesses))
            \(figure("Click to door in minutes, orders", histogram))
            \(figure("Orders in a batch, batches", sizes))
            \(figure("Driver use, driver by driver, percent of the service", use))
            \(maps)
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
        func spot(_ placed: Double, _ time: Double) -> (x: String, y: String) {
            (rounded(30 + 380 * min(placed / span, 1)), rounded(240 - 220 * min(time / 90, 1)))
        }
        return axis(bottom: "\(Int(span)) min", top: "90")
            + each { entry, colour in
                let dots = entry.figures.series.map { point in
                    let (x, y) = spot(point.placed, point.time)
                    return "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"1.6\" fill=\"\(colour)\" fill-opacity=\".35\"/>"
                }
                let means = stride(from: 0, to: span, by: 10).compactMap { minute -> String? in
                    let times = entry.figures.series.filter { $0.placed >= minute && $0.placed < minute + 10 }.map(
                        \.time)
                    if times.isEmpty { return nil }
                    let (x, y) = spot(minute + 5, times.reduce(0, +) / Double(times.count))
                    return "\(x),\(y)"
                }
                let line = "<polyline points=\"\(means.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\""
                return dots.joined() + line + " stroke-width=\"2\"/>"
            }
    }

    private var latenesses: String {
        let counts = entries.map { entry in
            (-8..<8).map { bin in
                entry.figures.lateness.count { min(max(Int(($0 / 5).rounded(.down)), -8), 7) == bin }
            }
        }
        return bars(counts, labels: (-8..<8).map { $0 % 2 == 0 ? "\($0 * 5)" : "" })
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

    private var maps: String {
        entries.indices.map { index in
            figure("Ways driven under \(escaped(entries[index].name)): with food dark, without light", map(index))
        }.joined()
    }

    private func map(_ index: Int) -> String {
        let day = entries[index].day
        guard let first = day.places.first else { return "" }
        var box = (west: first.longitude, east: first.longitude, south: first.latitude, north: first.latitude)
        for place in day.places {
            box.west = min(box.west, place.longitude)
            box.east = max(box.east, place.longitude)
            box.south = min(box.south, place.latitude)
            box.north = max(box.north, place.latitude)
        }
        let scale = 240 / max(box.east - box.west, box.north - box.south, 1e-6)
        func spot(_ point: GeoPoint) -> (x: String, y: String) {
            (
                rounded(90 + (point.longitude - box.west) * scale), rounded(250 - (point.latitude - box.south) * scale)
            )
        }
        let lines = day.ways.prefix(Self.mostWays).map { way in
            let (from, to) = (spot(way.from), spot(way.to))
            let strength = way.isLoaded ? ".35" : ".1"
            return "<line x1=\"\(from.x)\" y1=\"\(from.y)\" x2=\"\(to.x)\" y2=\"\(to.y)\""
                + " stroke=\"\(Self.colours[index % 2])\" stroke-opacity=\"\(strength)\"/>"
        }
        let kitchens = day.places.prefix(day.scenario.restaurants).map { place in
            let (x, y) = spot(place)
            return "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"3.5\" fill=\"#2b2b2b\"/>"
        }
        return lines.joined() + kitchens.joined()
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
