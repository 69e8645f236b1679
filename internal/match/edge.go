package match

// edges are the steps of a trie: from a node by a label to a node. One open-addressed table holds them all,
// since a step is taken for every letter and every word that is read and mostly leads nowhere: a miss must
// cost one look at one line of memory.
type edges struct {
	slots []edge // a power of two, at most three quarters full
	shift uint   // 64 less the bits of a slot's number
	used  int
}

// edge is a slot of the table. No edge leads to a trie's root, so 0 marks a free one.
type edge struct {
	node, by, to int32
}

func (e *edges) slot(node, by int32) *edge {
	mask := uint64(len(e.slots) - 1)
	// Fibonacci hashing: the high bits of a product with 2^64 divided by the golden ratio.
	at := (uint64(uint32(node))<<32 | uint64(uint32(by))) * 0x9e3779b97f4a7c15 >> e.shift
	for {
		s := &e.slots[at]
		if s.to == 0 || s.node == node && s.by == by {
			return s
		}
		at = (at + 1) & mask
	}
}

// step gives the node to which by leads from node, 0 if there is none.
func (e *edges) step(node, by int32) int32 {
	if e.used == 0 {
		return 0
	}
	return e.slot(node, by).to
}

// add puts an edge in that is not there yet.
func (e *edges) add(node, by, to int32) {
	if 4*(e.used+1) > 3*len(e.slots) {
		e.grow()
	}
	*e.slot(node, by) = edge{node, by, to}
	e.used++
}

func (e *edges) grow() {
	old := e.slots
	if len(old) == 0 {
		e.slots, e.shift = make([]edge, 8), 64-3
		return
	}
	e.slots = make([]edge, 2*len(old))
	e.shift--
	for _, s := range old {
		if s.to != 0 {
			*e.slot(s.node, s.by) = s
		}
	}
}
