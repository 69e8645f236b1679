package match

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestIndexPutsEqualWeightsTogether(t *testing.T) {
	t.Parallel()
	shares := []struct {
		key int32
		share
	}{
		{2, share{profile: 0, weight: 1, item: 3}},
		{0, share{profile: 1, weight: 1, item: 0}},
		{2, share{profile: 1, weight: 0, item: 2}},
		{2, share{profile: 1, weight: 1, item: 1}},
		{2, share{profile: 4, weight: 0, item: 9}},
	}
	x, ok := newIndex(3, 5, func(yield func(int32, share)) {
		for _, s := range shares {
			yield(s.key, s.share)
		}
	})
	if !ok {
		t.Fatal("five small shares do not fit")
	}
	var got [][]share
	for key := range int32(3) {
		var all []share
		from, to := x.of(key, key+1)
		for g := from; g < to; g++ {
			for _, e := range x.entries[x.groups[g].from:x.groups[g+1].from] {
				all = append(all, share{e.profile(x.shift), x.groups[g].weight, e.item(x.shift)})
			}
		}
		got = append(got, all)
	}
	want := [][]share{{{1, 1, 0}}, nil, {{1, 0, 2}, {4, 0, 9}, {0, 1, 3}, {1, 1, 1}}}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(share{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A profile's number and its item's share 32 bits, whatever the set. What does not fit must not be cut off.
func TestIndexRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		profiles int
		item     uint32
		fits     bool
	}{
		{1, 1<<31 - 1, true},
		{1, 1 << 31, false},
		{225_000, 1<<14 - 1, true},
		{225_000, 1 << 14, false},
		{1 << 18, 1<<14 - 1, true},
		{1<<18 + 1, 1<<14 - 1, false},
		{1 << 28, 15, true},
		{1 << 28, 16, false},
	} {
		last := share{profile: uint32(tt.profiles - 1), item: tt.item}
		x, ok := newIndex(1, tt.profiles, func(yield func(int32, share)) { yield(0, last) })
		if ok != tt.fits {
			t.Errorf("item %d of %d profiles: fits %t, want %t", tt.item, tt.profiles, ok, tt.fits)
		}
		if ok {
			if e := x.entries[0]; e.profile(x.shift) != last.profile || e.item(x.shift) != last.item {
				t.Errorf("item %d of %d profiles comes back as %d of %d", tt.item, tt.profiles, e.item(x.shift), e.profile(x.shift))
			}
		}
	}
}
