extension Array {
    /// Sorts so much that the elements at `wanted` are those that a whole sort would put there, in its sequence; what
    /// stands before and behind is only on the right side of them.
    ///
    /// Quicksort that leaves parts alone in which nothing is wanted (Chambers 1971, after Hoare's Find), with the
    /// middle of three as pivot. `isBefore` must be a total order.
    ///
    /// - Complexity: O(n + w log w) expected for w wanted elements, whatever their sequence before.
    package mutating func sortPart(_ wanted: Range<Int>, by isBefore: (Element, Element) -> Bool) {
        let wanted = wanted.clamped(to: indices)
        if wanted.isEmpty { return }
        withUnsafeMutableBufferPointer { elements in
            var parts = [0..<elements.count]
            while let part = parts.popLast() {
                guard part.overlaps(wanted) else { continue }
                if part.count <= 16 {
                    elements.insertionSort(part, by: isBefore)
                    continue
                }
                let cut = elements.partition(part, by: isBefore)
                parts.append(part.lowerBound..<cut)
                parts.append(cut..<part.upperBound)
            }
        }
    }
}

extension UnsafeMutableBufferPointer {
    fileprivate func insertionSort(_ part: Range<Int>, by isBefore: (Element, Element) -> Bool) {
        for index in part.dropFirst() {
            let element = self[index]
            var hole = index
            while hole > part.lowerBound, isBefore(element, self[hole - 1]) {
                self[hole] = self[hole - 1]
                hole -= 1
            }
            self[hole] = element
        }
    }

    /// Hoare's partition: where the second part begins; both parts have elements.
    fileprivate func partition(_ part: Range<Int>, by isBefore: (Element, Element) -> Bool) -> Int {
        let pivot = middle(part.lowerBound, part.lowerBound + part.count / 2, part.upperBound - 1, by: isBefore)
        var (low, high) = (part.lowerBound, part.upperBound - 1)
        while true {
            while isBefore(self[low], pivot) { low += 1 }
            while isBefore(pivot, self[high]) { high -= 1 }
            if low >= high { return low > part.lowerBound ? low : low + 1 }
            swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    private func middle(_ a: Int, _ b: Int, _ c: Int, by isBefore: (Element, Element) -> Bool) -> Element {
        let (first, second, third) = (self[a], self[b], self[c])
        if isBefore(first, second) {
            return isBefore(second, third) ? second : isBefore(first, third) ? third : first
        }
        return isBefore(first, third) ? first : isBefore(second, third) ? third : second
    }
}
