package link_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/link"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// pair is a labelled pair: two calls, each one of the corpus by its key or one written here in the shape of a real page.
type pair struct {
	Half  string          `json:"half"`  // tuned: the rules were made by looking at it; untuned: written before, looked at after
	Shape string          `json:"shape"` // what sort of pair it is
	Label string          `json:"label"` // same, part or none
	A     json.RawMessage `json:"a"`
	B     json.RawMessage `json:"b"`

	a, b call.Key
}

// labelled reads testdata/pairs.jsonl, and adds the facts of the calls that are written there to those of the corpus.
func labelled(t *testing.T) ([]pair, []link.Facts) {
	t.Helper()
	corpus(t)
	facts := slices.Clone(corpusFacts())
	known := map[call.Key]bool{}
	for i := range facts {
		known[facts[i].Key] = true
	}
	data, err := os.ReadFile(filepath.Join("testdata", "pairs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []pair
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var p pair
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		side := func(raw json.RawMessage) call.Key {
			var ref string
			if json.Unmarshal(raw, &ref) == nil {
				key, err := call.ParseKey(ref)
				if err != nil || !known[key] {
					t.Fatalf("line %d: %q is not in the corpus: %v", n, ref, err)
				}
				return key
			}
			c, err := call.Decode(raw)
			if err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
			if !known[c.Key()] {
				known[c.Key()] = true
				facts = append(facts, link.Read(&c))
			}
			return c.Key()
		}
		p.a, p.b = side(p.A), side(p.B)
		if p.a.Compare(p.b) > 0 {
			p.a, p.b = p.b, p.a
		}
		out = append(out, p)
	}
	return out, facts
}

// The labelled pairs stand among all 8,903 calls of the corpus, as they would in use: what misleads may be anywhere.
func TestPairs(t *testing.T) {
	t.Parallel()
	pairs, facts := labelled(t)
	found := map[[2]call.Key]link.Link{}
	for _, l := range link.Find(facts) {
		found[[2]call.Key{l.A, l.B}] = l
	}
	var b strings.Builder
	for _, half := range []string{"tuned", "untuned"} {
		var right, wrong, missed, parts, partsFound, negatives int
		var errs []string
		for _, p := range pairs {
			if p.Half != half {
				continue
			}
			l, ok := found[[2]call.Key{p.a, p.b}]
			same := ok && l.Relation == link.Same
			switch {
			case p.Label == "same" && same:
				right++
			case p.Label == "same":
				missed++
				errs = append(errs, fmt.Sprintf("  missed: %s: %s %s\n", p.Shape, p.a, p.b))
			case same:
				wrong++
				errs = append(errs, fmt.Sprintf("  wrong: %s: %s %s (by %s: %q, %q)\n", p.Shape, p.a, p.b, l.Reason.By, l.Reason.A.Text, l.Reason.B.Text))
			}
			switch p.Label {
			case "none":
				negatives++
			case "part":
				parts++
				if ok && l.Relation != link.Same {
					partsFound++
				}
			}
		}
		fmt.Fprintf(&b, "%s: %d pairs that are the same, %d that are not, %d that are a part\n", half, right+missed, negatives, parts)
		precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(right+missed)
		fmt.Fprintf(&b, "  precision %.3f, recall %.3f; parts found %d of %d\n", precision, recall, partsFound, parts)
		slices.Sort(errs)
		b.WriteString(strings.Join(errs, ""))
		if precision < 0.99 || recall < 0.9 {
			t.Errorf("%s: precision %.3f, want 0.99; recall %.3f, want 0.9", half, precision, recall)
		}
	}
	golden(t, "pairs.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), -update writes it anew:\n%s", file, diff)
	}
}
