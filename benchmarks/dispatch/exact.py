"""The proven optimum of a snapshot problem of up to some sixty orders, independent of the engine: every batch of every
driver in every sequence of stops (numpy), column generation over all of them, and an integer programme over every
column that the bound leaves open (HiGHS). usage: exact.py PROBLEM..."""
import itertools
import json
import sys
import numpy as np

STOPS = {1: [(0, 1)], 2: [], 3: []}
for size in (2, 3):
    for sequence in itertools.permutations(range(2 * size)):
        if all(sequence.index(2 * k) < sequence.index(2 * k + 1) for k in range(size)):
            STOPS[size].append(sequence)


class Columns:
    """Costs of all batches; stop 2i is the pickup of order i, stop 2i + 1 its dropoff."""

    def __init__(self, problem):
        import snap
        self.problem = problem
        orders, drivers = problem["orders"], problem["drivers"]
        count = len(orders)
        points = [o[key] for o in orders for key in ("pickup", "dropoff")] + [d["pos"] for d in drivers]
        drive = lambda a, b: 0 if tuple(a) == tuple(b) else snap.drive_s(problem, a, b)
        self.way = np.array([[drive(a, b) for b in points[:2 * count]] for a in points], dtype=np.int64)
        self.subsets = {size: np.array(list(itertools.combinations(range(count), size)), dtype=np.int64).reshape(-1, size)
                        for size in (1, 2, 3)}
        self.ready = np.array([o["ready_s"] for o in orders], dtype=np.int64)
        self.ideal = np.array([snap.earliest_s(problem, o) for o in orders], dtype=np.int64)
        self.limit = np.array([o["placed_s"] + problem["max_click_to_door_s"] for o in orders], dtype=np.int64)
        self.count = count
        self.costs = [np.concatenate([self.of(driver, size) for size in (1, 2, 3)]) for driver in range(len(drivers))]
        padded = [np.hstack([s, np.full((len(s), 3 - s.shape[1]), count)]) for s in self.subsets.values()]
        self.members = np.concatenate(padded)

    def of(self, driver, size):
        """Least cost of each subset of one size for one driver, infinite where no sequence is allowed."""
        problem, subset = self.problem, self.subsets[size]
        state = problem["drivers"][driver]
        best = np.full(len(subset), np.inf)
        if size > state["capacity"]:
            return best
        start = max(problem["now_s"], state["available_s"])
        for sequence in STOPS[size]:
            time = np.full(len(subset), start, dtype=np.int64)
            at = np.full(len(subset), 2 * self.count + driver, dtype=np.int64)
            cost = np.zeros(len(subset))
            allowed = np.ones(len(subset), dtype=bool)
            for stop in sequence:
                order = subset[:, stop // 2]
                to = 2 * order + stop % 2
                way = self.way[at, to]
                time = time + way
                cost += problem["drive_weight"] * way
                at = to
                if stop % 2 == 0:
                    time = np.maximum(time, self.ready[order]) + problem["pickup_service_s"]
                else:
                    time = time + problem["dropoff_service_s"]
                    cost += time - self.ideal[order]
                    allowed &= time <= self.limit[order]
            best = np.minimum(best, np.where(allowed, cost, np.inf))
        return best


def optimum(problem, upper=None):
    """(cost, whether it is proven). `upper` is the cost of any known plan; it only makes the proof shorter."""
    import highspy
    columns = Columns(problem)
    count, drivers, left = columns.count, len(columns.costs), problem["unserved_penalty_s"]
    chosen = [[] for _ in range(drivers)]
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 0.01)
    none = (np.array([], dtype=np.int32), np.array([], dtype=np.float64))
    for _ in range(count):
        solver.addRow(1, 1, 0, *none)
    for _ in range(drivers):
        solver.addRow(-highspy.kHighsInf, 1, 0, *none)
    for order in range(count):
        solver.addCol(left, 0, 1, 1, np.array([order], dtype=np.int32), np.ones(1))

    def add(driver, index):
        rows = [o for o in columns.members[index] if o < count] + [count + driver]
        solver.addCol(columns.costs[driver][index], 0, highspy.kHighsInf, len(rows), np.array(rows, dtype=np.int32),
                      np.ones(len(rows)))
        chosen[driver].append(index)

    def reduced(prices):
        price = np.append(prices[:count], 0.0)
        worth = price[columns.members].sum(axis=1)
        return [columns.costs[d] - worth - prices[count + d] for d in range(drivers)]

    while True:
        solver.run()
        bound = solver.getInfo().objective_function_value
        prices = np.array(solver.getSolution().row_dual)
        gaps = reduced(prices)
        found = 0
        for driver, gap in enumerate(gaps):
            for index in np.argsort(gap)[:30]:
                if gap[index] < -1e-6:
                    add(driver, index)
                    found += 1
        if not found:
            break
    # A column whose reduced cost is above the gap is in no better plan; without a known plan, widen until one is found.
    width = (upper - bound + 0.5) if upper is not None else max(20.0, bound * 0.01)
    while True:
        for driver, gap in enumerate(gaps):
            known = set(chosen[driver])
            for index in np.flatnonzero(gap <= width):
                if index not in known:
                    add(driver, index)
        for number in range(solver.getNumCol()):
            solver.changeColIntegrality(number, highspy.HighsVarType.kInteger)
        solver.setOptionValue("time_limit", 300.0)
        solver.run()
        isProven = solver.modelStatusToString(solver.getModelStatus()) == "Optimal"
        value = solver.getInfo().objective_function_value
        if upper is not None or value - bound <= width:
            return value, isProven
        width = value - bound + 0.5


if __name__ == "__main__":
    import common  # noqa: F401, finds the yardsticks
    for path in sys.argv[1:]:
        print(path, *optimum(json.load(open(path))))
