package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"utkik/internal/call"
	"utkik/internal/link"
)

// linked brings the store to where facts stand, as the program does: a step where one is enough, everything anew else.
func linked(ctx context.Context, s *Store, facts []link.Facts, step bool) (touched int, anew bool, err error) {
	if touched, err = s.SaveLinkFacts(ctx, facts, link.Version, 1, step); err != nil {
		return 0, false, err
	}
	st, err := s.LinkState(ctx)
	if err != nil || st.Facts == st.Done {
		return touched, false, err
	}
	all, err := s.LinkFacts(ctx)
	if err != nil {
		return 0, false, err
	}
	more, err := s.SaveLinks(ctx, link.Offers(all), link.Find(all), st.Facts)
	return touched + more, true, err
}

// asFound tells in what the store differs from what is found when everything that it holds is laid beside each other; empty
// when it does not.
func asFound(ctx context.Context, s *Store) (string, error) {
	facts, err := s.LinkFacts(ctx)
	if err != nil {
		return "", err
	}
	var rows, keys [3]int64 // how many, and what their days add up to
	byKey := map[call.Key]*link.Facts{}
	for i := range facts {
		k := link.KeysOf(&facts[i])
		words := int64(len(k.Words))
		keys[0] += int64(len(k.Sure)) + words
		keys[1] += words * k.From
		keys[2] += words * k.Until
		byKey[facts[i].Key] = &facts[i]
	}
	const kept = "SELECT COUNT(*), CAST(COALESCE(SUM(since), 0) AS BIGINT), CAST(COALESCE(SUM(until), 0) AS BIGINT) FROM link_keys"
	if err := s.reader.QueryRowContext(ctx, kept).Scan(&rows[0], &rows[1], &rows[2]); err != nil {
		return "", err
	}
	if rows != keys {
		return fmt.Sprintf("keys are kept with %d, want %d", rows, keys), nil
	}
	links, err := s.Links(ctx, call.Key{})
	if err != nil {
		return "", err
	}
	var auto []link.Link
	var stated []link.Stated
	judged := map[[2]call.Key]bool{}
	for _, l := range links {
		stated = append(stated, l.Stated)
		if l.State == link.Auto {
			auto = append(auto, l.Link)
		} else {
			judged[[2]call.Key{l.A, l.B}] = true
		}
	}
	found := slices.DeleteFunc(link.Find(facts), func(l link.Link) bool { return judged[[2]call.Key{l.A, l.B}] })
	if diff := cmp.Diff(found, auto); diff != "" && len(found)+len(auto) > 0 {
		return "links (-found +stored):\n" + diff, nil
	}
	var want [][]call.Key
	for _, g := range link.Groups(stated, func(k call.Key) (link.Member, bool) {
		f := byKey[k]
		if f == nil {
			return link.Member{}, false
		}
		return link.Member{Key: k, Kind: f.Kind, Rich: f.Rich, Gone: f.Gone}, true
	}) {
		var keys []call.Key
		for _, m := range g {
			keys = append(keys, m.Key)
		}
		want = append(want, keys)
	}
	got, err := s.Groups(ctx)
	if diff := cmp.Diff(want, got); diff != "" {
		return "groups (-found +stored):\n" + diff, err
	}
	return "", err
}

// groupsBy gives every grouped call with its group.
func groupsBy(ctx context.Context, t rapid.TB, s *Store) map[call.Key]string {
	groups, err := s.Groups(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := map[call.Key]string{}
	for _, g := range groups {
		for _, k := range g {
			out[k] = fmt.Sprint(g)
		}
	}
	return out
}

// drawCall draws what a call says of few words, days, codes and addresses, so that calls meet in every way.
func drawCall(t *rapid.T, key call.Key) call.Call {
	words := []string{"Klimatanpassning", "elnät", "skogsbruk", "vattenkraft", "havsmiljö", "rymdfart", "2026", "norra"}
	one := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	c := call.Call{Source: key.Source, Ref: key.Ref, Kind: call.Kind(one("kind", "call", "call", "consultation", "news", "planned")),
		Title: strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 5).Draw(t, "title"), " ")}
	day := func(label string) call.Moment {
		m, err := call.ParseMoment(one(label, "2026-03-01", "2026-09-22", "2026-09-22", "2027-05-05"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if rapid.Bool().Draw(t, "dated") {
		c.Deadlines = []call.Moment{day("deadline")}
	}
	if rapid.Bool().Draw(t, "opens") {
		c.Opens = day("opening")
	}
	c.Identifier = one("identifier", "", "", "HORIZON-CL5-2026-D3-01-05", "HORIZON-CL5-2026-D3-01-06", "COM(2026) 94")
	if c.Identifier != "" && c.Kind == call.KindCall {
		c.Call = one("call", "", "HORIZON-CL5-2026-D3-01")
	}
	c.URL = one("url", "", "https://x.eu/calls/one", "https://x.eu/calls/two", "https://y.se/om/tre")
	c.Text = one("text", "", "", "Läs https://x.eu/calls/one först.", "Reference: HORIZON-CL5-2026-D3-01-05", "COM(2026) 94 och COM(2026) 95", "”Klimatanpassning elnät skogsbruk”", "Call: HORIZON-CL5-2026-D3-01")
	return c
}

// TestRelink changes calls at random, one or a few at a time, and judges links by hand in between: after every step links
// and groups are what is found when everything is laid beside each other, and whose group became another is touched.
func TestRelink(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		s.engine.full = s.engine.normal // what a lost disk would lose is not the matter
		var keys []call.Key
		for _, source := range []string{"ft-portal", "cinea", "nseo", "remisser"} {
			b := Batch{Source: source, At: day(1)}
			for i := range 3 {
				c := sample(source, fmt.Sprint(i))
				b.Saves = append(b.Saves, Save{Call: c, Version: true, Seen: true, Changes: appeared()})
				keys = append(keys, c.Key())
			}
			saved(t, s, b)
		}
		played, links, groups, steps := 0, 0, 0, 0
		rapid.Check(t, func(t *rapid.T) {
			if s.locks != nil && played == 25 { // each takes a tenth of a second there, and the statements are the same
				return
			}
			ctx := t.Context()
			for _, table := range []string{"link_facts", "link_keys", "link_offers", "links", "link_groups", "cursors"} {
				if _, err := s.writer.ExecContext(ctx, "DELETE FROM "+table); err != nil {
					t.Fatal(err)
				}
			}
			for range rapid.IntRange(1, 10).Draw(t, "steps") {
				before := groupsBy(ctx, t, s)
				if rapid.IntRange(0, 5).Draw(t, "judge") == 0 {
					pair := rapid.Permutation(keys).Draw(t, "pair")
					state := rapid.SampledFrom([]link.State{link.Hand, link.Cut}).Draw(t, "state")
					if err := s.JudgeLink(ctx, pair[0], pair[1], state, "w", "y"); err != nil {
						t.Fatal(err)
					}
				} else {
					facts := map[call.Key]link.Facts{}
					for range rapid.IntRange(1, 3).Draw(t, "changed") {
						c := drawCall(t, rapid.SampledFrom(keys).Draw(t, "key"))
						f := link.Read(&c)
						f.Gone = rapid.IntRange(0, 4).Draw(t, "gone") == 0
						facts[f.Key] = f
					}
					changed := slices.SortedFunc(maps.Values(facts), func(a, b link.Facts) int { return a.Key.Compare(b.Key) })
					touched, anew, err := linked(ctx, s, changed, rapid.IntRange(0, 7).Draw(t, "anew") > 0)
					if err != nil {
						t.Fatal(err)
					}
					if !anew {
						steps++
					}
					after, n := groupsBy(ctx, t, s), 0
					for _, k := range keys {
						if before[k] != after[k] {
							n++
						}
					}
					if touched != n {
						t.Fatalf("%d calls are touched, the group of %d became another", touched, n)
					}
				}
				diff, err := asFound(ctx, s)
				if err != nil || diff != "" {
					t.Fatalf("%v: %s", err, diff)
				}
			}
			found, err := s.Links(ctx, call.Key{})
			if err != nil {
				t.Fatal(err)
			}
			played++
			links += len(found)
			groups += len(groupsBy(ctx, t, s))
		})
		if links < 5 || groups < 5 || steps < 10 {
			t.Errorf("%d links and %d grouped calls in %d steps are too few to tell anything", links, groups, steps)
		}
	})
}

// TestRelinkCrowd lets an address become one that too many share, and be none again: that is more than a step, and it comes
// to what is found.
func TestRelinkCrowd(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	ctx := t.Context()
	shared := func(source string, i int) call.Call {
		c := sample(source, fmt.Sprint(i))
		c.Title, c.Identifier, c.Call, c.Text, c.Links, c.Translations = fmt.Sprint("Number ", i), "", "", "", nil, nil
		c.URL = "https://x.eu/none/of/them"
		return c
	}
	save := func(source string, n int) (facts []link.Facts) {
		b := Batch{Source: source, At: day(1)}
		for i := range n {
			c := shared(source, i)
			b.Saves = append(b.Saves, Save{Call: c, Version: true, Seen: true, Changes: appeared()})
			facts = append(facts, link.Read(&c))
		}
		saved(t, s, b)
		return facts
	}
	portal, other := save("ft-portal", link.CrowdOfSure-1), save("cinea", 2)
	alone := shared("cinea", 1)
	alone.URL = "https://x.eu/its/own"
	for i, step := range []struct {
		facts  []link.Facts
		offers int
		anew   bool
	}{
		{append(portal, other[0]), link.CrowdOfSure - 1, true},
		{other[1:], 0, true},
		{[]link.Facts{link.Read(&alone)}, link.CrowdOfSure - 1, true},
		{other[:1], link.CrowdOfSure - 1, false},
	} {
		_, anew, err := linked(ctx, s, step.facts, i > 0)
		if err != nil || anew != step.anew {
			t.Fatalf("step %d: everything anew is %v, %v", i, anew, err)
		}
		diff, err := asFound(ctx, s)
		if err != nil || diff != "" {
			t.Errorf("step %d: %v: %s", i, err, diff)
		}
		var offers int
		if err := s.reader.QueryRowContext(ctx, "SELECT COUNT(*) FROM link_offers").Scan(&offers); err != nil || offers != step.offers {
			t.Errorf("step %d: %d offers, %v, want %d", i, offers, err, step.offers)
		}
	}
}
