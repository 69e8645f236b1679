package match

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// index leads from a key to whose it is. Profiles that weigh the key alike stand together and nothing but their
// numbers, four bytes each, is read to count them: that is done for every one that is found, and asking what each
// weighs would take twice as long.
//
//	starts    key → group           0 0 2 3
//	groups    group → weight, from  (3, 0) (1, 2) (2, 5)
//	profiles                        4 9 | 0 2 7 | 9
//	items     beside profiles: the term, in [Set.terms], or the number of the rule in its priority
type index struct {
	starts   []uint32 // and one more, where the last key's groups end
	groups   []group  // and one more, where the last one's profiles end
	profiles []uint32 // of each group, in order
	items    []uint32
}

// group are the profiles that weigh a key alike.
type group struct {
	weight uint32 // in [Set.weights]
	from   uint32 // in [index.profiles]
}

// share is a profile's part in a key.
type share struct{ profile, weight, item uint32 }

// of gives the groups of the keys from..to-1, as numbers.
func (x *index) of(from, to int32) (uint32, uint32) { return x.starts[from], x.starts[to] }

// newIndex makes an index for a number of keys of what each hands over, twice alike and in the order of profiles.
func newIndex(keys int, each func(yield func(key int32, s share))) index {
	ends := make([]uint32, keys+1) // by key; of the one before, until shares are in
	each(func(key int32, _ share) { ends[key+1]++ })
	for k := range keys {
		ends[k+1] += ends[k]
	}
	size := ends[keys]
	x := index{starts: make([]uint32, 0, keys+1), profiles: make([]uint32, size), items: make([]uint32, size)}
	weights := make([]uint32, size)
	each(func(key int32, s share) {
		at := ends[key]
		x.profiles[at], x.items[at], weights[at] = s.profile, s.item, s.weight
		ends[key]++
	})
	var order []uint64           // of a key's shares: the weight, and where they stood
	var profiles, items []uint32 // as they stood
	from := uint32(0)
	for _, to := range ends[:keys] {
		x.starts = append(x.starts, uint32(len(x.groups)))
		if of := weights[from:to]; slices.ContainsFunc(of, func(w uint32) bool { return w != of[0] }) {
			profiles, items = append(profiles[:0], x.profiles[from:to]...), append(items[:0], x.items[from:to]...)
			order = order[:0]
			for i, weight := range of {
				order = append(order, uint64(weight)<<32|uint64(i))
			}
			slices.Sort(order)
			for i, o := range order {
				was := uint32(o)
				x.profiles[int(from)+i], x.items[int(from)+i], of[i] = profiles[was], items[was], uint32(o>>32)
			}
		}
		for at := from; at < to; at++ {
			if at == from || weights[at] != weights[at-1] {
				x.groups = append(x.groups, group{weights[at], at})
			}
		}
		from = to
	}
	x.starts = append(x.starts, uint32(len(x.groups)))
	x.groups = append(slices.Clip(x.groups), group{from: size})
	return x
}

// bounds are what profiles can reach at most, in 128ths of what is needed and rounded up: a byte each, so that those of
// a quarter of a million stay in the processor's nearer memory. What has come to 128 stays, whatever is added.
type bounds []uint8

const enoughBound = 128

func newBounds(profiles int) bounds { return make(bounds, (profiles+63)/64*64) }

// add counts most, at most 128, for each of the profiles.
func (b bounds) add(profiles []uint32, most uint8) {
	for _, p := range profiles {
		was := b[p]
		b[p] = was + most&^uint8(int8(was)>>7) // nothing is added to 128 and more: no branch, since none could be foretold
	}
}

// take moves the profiles that have come to 128 to s, and forgets everything.
func (b bounds) take(s *subset) {
	const top = 0x8080808080808080
	size := uint32(0)
	for i := range s.words {
		at := b[64*i : 64*i+64]
		var word uint64
		for k := range 8 {
			eight := at[8*k : 8*k+8]
			// The product gathers the top bits of eight bytes in its highest byte.
			word |= binary.LittleEndian.Uint64(eight) & top * 0x0002040810204081 >> 56 << (8 * k)
		}
		clear(at)
		s.words[i], s.before[i] = word, size
		size += uint32(bits.OnesCount64(word))
	}
	s.size = size
}

// subset is some of the profiles, each with a number of its own, counted from 0 in their order.
type subset struct {
	words  []uint64 // 64 profiles each
	before []uint32 // by word: how many are in those before it
	size   uint32
}

func newSubset(profiles int) subset {
	n := (profiles + 63) / 64
	return subset{words: make([]uint64, n), before: make([]uint32, n)}
}

// atATime is how many profiles of a list are looked at before those that are kept are.
const atATime = 1 << 10

// keep notes where in profiles, which are at most so many, those stand that are in s, and tells how many they are.
func (s *subset) keep(profiles []uint32, kept *[atATime]uint32) int {
	words, n := s.words, uint64(0)
	for k, p := range profiles {
		kept[n%atATime] = uint32(k) // written over if it is not: no branch, since one in five is kept and none could be foretold
		n += words[p>>6] >> (p & 63) & 1
	}
	return int(n)
}

// number is the profile's in s. It is in it.
func (s *subset) number(profile uint32) uint32 {
	return s.before[profile>>6] + uint32(bits.OnesCount64(s.words[profile>>6]&(1<<(profile&63)-1)))
}
