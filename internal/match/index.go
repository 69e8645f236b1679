package match

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// index leads from a key to whose it is. Profiles that weigh the key alike stand together, and nothing but four bytes of
// each is read to count it: that is done for every profile that is found, and asking what each weighs would take twice as long.
//
//	starts  key → group           0 0 2 3
//	groups  group → weight, from  (3, 0) (1, 2) (2, 5)
//	entries                       4 9 | 0 2 7 | 9
type index struct {
	starts  []uint32 // and one more, where the last key's groups end
	groups  []group  // and one more, where the last one's entries end
	entries []entry  // of each group, in order
	shift   uint8
}

// group are the profiles that weigh a key alike.
type group struct {
	weight uint32 // in [Set.weights]
	from   uint32 // in [index.entries]
}

// entry is a profile and, in the bits below [index.shift], the number of its term or rule.
type entry uint32

func (e entry) profile(shift uint8) uint32 { return uint32(e >> (shift & 31)) }
func (e entry) item(shift uint8) uint32    { return uint32(e & (1<<(shift&31) - 1)) }

// share is a profile's part in a key.
type share struct{ profile, weight, item uint32 }

// of gives the groups of the keys from..to-1, as numbers.
func (x *index) of(from, to int32) (uint32, uint32) { return x.starts[from], x.starts[to] }

// newIndex makes an index for a number of keys and of profiles of what each hands over, twice alike and in the order of
// profiles. It is false if a profile has more items than fit beside its number: of a quarter of a million, 16,384 each.
func newIndex(keys, profiles int, each func(yield func(key int32, s share))) (index, bool) {
	x := index{starts: make([]uint32, 0, keys+1), shift: uint8(32 - max(1, bits.Len(uint(max(1, profiles)-1))))}
	ends, fits := make([]uint32, keys+1), true // by key; of the one before, until entries are in
	each(func(key int32, s share) {
		ends[key+1]++
		fits = fits && s.item>>x.shift == 0
	})
	if !fits {
		return x, false
	}
	for k := range keys {
		ends[k+1] += ends[k]
	}
	size := ends[keys]
	x.entries = make([]entry, size)
	weights := make([]uint32, size)
	each(func(key int32, s share) {
		at := ends[key]
		x.entries[at], weights[at] = entry(s.profile<<x.shift|s.item), s.weight
		ends[key]++
	})
	var order []uint64 // of a key's entries: the weight, then the entry
	from := uint32(0)
	for _, to := range ends[:keys] {
		x.starts = append(x.starts, uint32(len(x.groups)))
		if of := weights[from:to]; slices.ContainsFunc(of, func(w uint32) bool { return w != of[0] }) {
			order = order[:0]
			for i, weight := range of {
				order = append(order, uint64(weight)<<32|uint64(x.entries[int(from)+i]))
			}
			slices.Sort(order)
			for i, o := range order {
				x.entries[int(from)+i], of[i] = entry(o), uint32(o>>32)
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
	return x, true
}

// bounds are what profiles can reach at most, in 128ths of what is needed and rounded up: a byte each, so that those of
// a quarter of a million stay in the processor's nearer memory. What has come to 128 stays, whatever is added. (Going
// through the profiles in blocks that fit into its nearest memory was slower: most lists are short, and have to be
// taken up again for every block.)
type bounds []uint8

const enoughBound = 128

func newBounds(profiles int) bounds { return make(bounds, (profiles+63)/64*64) }

// add counts most, at most 128, for the profiles of entries. Four are read at a time.
func (b bounds) add(entries []entry, shift, most uint8) {
	for ; len(entries) >= 4; entries = entries[4:] {
		four := (*[4]entry)(entries)
		b.raise(four[0].profile(shift), most)
		b.raise(four[1].profile(shift), most)
		b.raise(four[2].profile(shift), most)
		b.raise(four[3].profile(shift), most)
	}
	for _, e := range entries {
		b.raise(e.profile(shift), most)
	}
}

// raise adds nothing to 128 and more. It has no branch, since none could be foretold.
func (b bounds) raise(profile uint32, most uint8) {
	at := &b[profile]
	*at += most &^ uint8(int8(*at)>>7)
}

// take moves the profiles that have come to 128 to s, and forgets everything.
func (b bounds) take(s *subset) {
	const top = 0x8080808080808080
	s.size = 0
	for i := range s.words {
		at := (*[64]uint8)(b[64*i:])
		var word uint64
		for k := range 8 {
			// The product gathers the top bits of eight bytes in its highest byte.
			word |= binary.LittleEndian.Uint64(at[8*k:]) & top * 0x0002040810204081 >> 56 << (8 * k)
		}
		*at = [64]uint8{}
		s.words[i], s.before[i] = word, uint32(s.size)
		s.size += bits.OnesCount64(word)
	}
}

// subset is some of the profiles, each with a number of its own, counted from 0 in their order.
type subset struct {
	words  []uint64 // 64 profiles each
	before []uint32 // by word: how many are in those before it
	size   int
}

func newSubset(profiles int) subset {
	n := (profiles + 63) / 64
	return subset{words: make([]uint64, n), before: make([]uint32, n)}
}

// atATime is how many entries are looked at before those that are kept are.
const atATime = 1 << 10

// keep copies those of the entries, which are at most so many, whose profiles are in s, and tells how many they are.
func (s *subset) keep(entries []entry, shift uint8, kept *[atATime]entry) int {
	words, n := s.words, uint64(0)
	for _, e := range entries {
		p := e.profile(shift)
		kept[n%atATime] = e // written over if it is not: no branch, since one in five is kept and none could be foretold
		n += words[p/64] >> (p % 64) & 1
	}
	return int(n)
}

// number is the profile's in s. It is in it.
func (s *subset) number(profile uint32) int {
	return int(s.before[profile/64]) + bits.OnesCount64(s.words[profile/64]&(1<<(profile%64)-1))
}
