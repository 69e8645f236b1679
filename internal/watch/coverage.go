package watch

import (
	"fmt"
	"maps"
	"slices"

	"utkik/crawler/kind"
)

// Coverage is what the items of a listing hold.
type Coverage struct {
	Items int
	Have  map[string]int // items that have a field, by its key in the exchange format; none is no entry
}

// What is compared, and from when on it counts. Listings of a handful say nothing by their shares, and three runs are
// the fewest that have a usual value.
const (
	comparedRuns = 15
	fewestRuns   = 3
	usualShare   = 0.3 // a field that fewer had before is no field of the site's
	fewestItems  = 5   // items that must lack a field, or be missing, before it is a finding
	jumpItems    = 20
)

// Measure counts what the items hold. Those that were not listed but looked up are left out.
func Measure(items []kind.Item, lookedUp map[string]bool) Coverage {
	out := Coverage{Have: map[string]int{}}
	for i := range items {
		c := &items[i].Call
		if lookedUp[c.Ref] {
			continue
		}
		out.Items++
		for _, f := range c.Stated() {
			out.Have[f]++
		}
	}
	return out
}

// Share is how large a part of the items has a field.
func (c Coverage) Share(field string) float64 {
	if c.Items == 0 {
		return 0
	}
	return float64(c.Have[field]) / float64(c.Items)
}

// Drift names what is different in a complete listing than it used to be: in earlier ones, newest first, one a day.
// What has lasted for a week is how the source is, and is not named any more.
func Drift(now Coverage, earlier []Coverage) []kind.Finding {
	earlier = earlier[:min(len(earlier), comparedRuns)]
	if len(earlier) < fewestRuns {
		return nil
	}
	var out []kind.Finding
	usual := median(earlier, func(c Coverage) float64 { return float64(c.Items) })
	switch n := float64(now.Items); {
	case n > 2*usual && n-usual >= jumpItems:
		out = append(out, kind.Finding{Fault: kind.FaultJump, Text: fmt.Sprintf("jump: %d items, usually %.0f", now.Items, usual)})
	case 2*n < usual && usual-n >= fewestItems:
		out = append(out, kind.Finding{Fault: kind.FaultFall, Text: fmt.Sprintf("fall: %d items, usually %.0f", now.Items, usual)})
	}
	fields := map[string]bool{}
	for _, c := range earlier {
		for f := range c.Have {
			fields[f] = true
		}
	}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		was, is := median(earlier, func(c Coverage) float64 { return c.Share(f) }), now.Share(f)
		if was < usualShare || is > was/2 || (was-is)*float64(now.Items) < fewestItems {
			continue
		}
		fault, word := kind.FaultThin, "became rare"
		if now.Have[f] == 0 {
			fault, word = kind.FaultVanished, "vanished"
		}
		out = append(out, kind.Finding{Fault: fault, Field: f, Text: fmt.Sprintf("%s %s: %d of %d items have it, usually %.0f %%", f, word, now.Have[f], now.Items, 100*was)})
	}
	return out
}

func median(of []Coverage, value func(Coverage) float64) float64 {
	values := make([]float64, len(of))
	for i, c := range of {
		values[i] = value(c)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
