package index

import (
	"math/bits"
	"strconv"
)

// Bleve keeps a term's positions in term vectors, which for whole texts make the index larger than the
// text. It also keeps, with each document of a term, a number: how often the term occurs. That number is
// ours to choose, because nothing here is scored by Bleve, so it carries the positions too:
//
//	bit 0 = 1   the term occurs once; the bits above are its position
//	bit 0 = 0   bits 1 to 4: how often it occurs, 15 for 15 or more; above, the gaps between positions
//	            (the first counted from -1) in groups of four bits, three of a gap and one that says
//	            that the gap goes on, until there is no room left
//
// Positions that did not find room go on in a field of their own, which has the same term and in the same way a number: text_en,
// then text_en2, up to text_en9 (see levelOf). Few terms of a document need it, so these fields are small. A document
// in which every position is known answers a phrase outright; of one in which even text_en9 has no room left a phrase
// may be known to occur, but not known to be missing.

const (
	maxCount  = 15
	gapBits   = 3
	headBits  = 5  // before the gaps
	usedBits  = 62 // Bleve shifts the number by one, and takes it as an int
	maxSingle = 1<<61 - 1
	maxLevel  = 8 // fields after the first: about fifty positions in all; 24 would take a twentieth more
)

// levelOf names the field in which positions of a field go on: level 0 is the field itself.
func levelOf(field string, level int) string {
	if level == 0 {
		return field
	}
	return field + strconv.Itoa(level+1)
}

// packer gathers the positions of one term in one document; they come in rising order.
type packer struct {
	first, last int
	count       int
	gaps        uint64
	used        uint8 // bits of gaps
	level       int
	full        bool    // a position was left out
	more        *packer // has what was left out; nil on the last level
}

func (p *packer) add(pos int) {
	if p.count > 0 && pos == p.last {
		return // two parts of a compound with the same stem
	}
	if p.count == 0 {
		p.first = pos
		p.last = -1
	}
	p.count++
	gap := uint64(pos - p.last)
	p.last = pos
	if p.full {
		if p.more != nil {
			p.more.add(pos)
		}
		return
	}
	groups := (bits.Len64(gap) + gapBits - 1) / gapBits
	if headBits+int(p.used)+groups*(gapBits+1) > usedBits {
		p.full = true
		if p.level < maxLevel {
			p.more = &packer{level: p.level + 1}
			p.more.add(pos)
		}
		return
	}
	for i := range groups {
		group := gap & (1<<gapBits - 1)
		gap >>= gapBits
		if i < groups-1 {
			group |= 1 << gapBits
		}
		p.gaps |= group << p.used
		p.used += gapBits + 1
	}
}

func (p *packer) packed() uint64 {
	if p.count == 1 && p.first <= maxSingle {
		return uint64(p.first)<<1 | 1
	}
	return p.gaps<<headBits | uint64(min(p.count, maxCount))<<1
}

// countOf tells how often the term occurs from this level on, at most 15.
func countOf(packed uint64) int {
	if packed&1 == 1 {
		return 1
	}
	return int(packed >> 1 & maxCount)
}

// positionsOf appends the known positions to buf; whole tells that there are no others.
func positionsOf(packed uint64, buf []int) (positions []int, whole bool) {
	if packed&1 == 1 {
		return append(buf, int(packed>>1)), true
	}
	gaps, pos, n := packed>>headBits, -1, 0
	for gaps != 0 {
		var gap, shift uint64
		for {
			group := gaps & (1<<(gapBits+1) - 1)
			gaps >>= gapBits + 1
			gap |= group & (1<<gapBits - 1) << shift
			shift += gapBits
			if group>>gapBits == 0 || gaps == 0 {
				break
			}
		}
		pos += int(gap)
		buf = append(buf, pos)
		n++
	}
	count := countOf(packed)
	return buf, n == count && count < maxCount
}
