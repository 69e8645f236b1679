package index

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPositionsGoOn: what finds no room on one level is on the next, and nothing is missing before the last is full.
func TestPositionsGoOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		gaps := rapid.SliceOfN(rapid.IntRange(1, 3000), 1, 150).Draw(t, "gaps")
		var p packer
		var want, got []int
		pos := 0
		for _, g := range gaps {
			pos += g
			want = append(want, pos)
			p.add(pos)
		}
		level, whole := 0, false
		for at := &p; at != nil; at = at.more {
			if whole {
				t.Fatalf("level %d follows one that was whole", level)
			}
			if at.level != level {
				t.Fatalf("level %d says that it is %d", level, at.level)
			}
			if n := countOf(at.packed()); n != min(len(want)-len(got), maxCount) {
				t.Fatalf("level %d counts %d of %d", level, n, len(want)-len(got))
			}
			got, whole = positionsOf(at.packed(), got)
			level++
		}
		if diff := cmp.Diff(want[:len(got)], got); diff != "" {
			t.Fatalf("positions (-want +got):\n%s", diff)
		}
		if whole != (len(got) == len(want)) || !whole && level != maxLevel+1 {
			t.Fatalf("%d of %d positions on %d levels, whole %t", len(got), len(want), level, whole)
		}
	})
}

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
