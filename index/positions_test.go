package index

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPackedPositions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.IntRange(1, 5000), 1, 30).Draw(t, "gaps")
		var p packer
		var want []int
		pos := rapid.IntRange(0, 100000).Draw(t, "first")
		for i, g := range gaps {
			if i > 0 {
				pos += g
			}
			want = append(want, pos)
			p.add(pos)
			p.add(pos) // the same place again changes nothing
		}
		packed := p.packed()
		if packed >= 1<<usedBits {
			t.Fatalf("packed() = %#x does not fit", packed)
		}
		if got := countOf(packed); got != min(len(want), maxCount) {
			t.Fatalf("countOf() = %d, want %d", got, min(len(want), maxCount))
		}
		got, whole := positionsOf(packed, nil)
		if len(got) > len(want) || whole && len(got) != len(want) {
			t.Fatalf("positionsOf() = %v, %t, want %v", got, whole, want)
		}
		if diff := cmp.Diff(want[:len(got)], got); len(got) > 0 && diff != "" {
			t.Fatalf("positions (-want +got):\n%s", diff)
		}
		if !whole && len(want) <= 2 {
			t.Fatalf("%v did not find room", want)
		}
	})
}
