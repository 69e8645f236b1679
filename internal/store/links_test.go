package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/link"
)

// recognised saves a call of each source with its facts, and gives their keys.
func recognised(t *testing.T, s *Store, sources ...string) []call.Key {
	t.Helper()
	var keys []call.Key
	var facts []link.Facts
	for _, source := range sources {
		c := sample(source, "1")
		saved(t, s, Batch{Source: source, At: day(1), Saves: []Save{{Call: c, Version: true, Seen: true, Changes: appeared()}}})
		facts = append(facts, link.Read(&c))
		keys = append(keys, c.Key())
	}
	if _, err := s.SaveLinkFacts(t.Context(), facts, link.Version, 7, false); err != nil {
		t.Fatal(err)
	}
	return keys
}

func same(a, b call.Key) link.Link {
	a, b = link.Pair(a, b)
	return link.Link{A: a, B: b, Relation: link.Same, Strength: 900,
		Reason: link.Reason{By: link.ByIdentifier, A: link.Quote{Field: "identifier", Text: "LIFE-2026-SAP-NAT"}, B: link.Quote{Field: "text", Text: "<LIFE-2026-SAP-NAT> & more"}, Day: "2026-09-22"}}
}

// touchedSince gives the calls that the feed names after a place, and where it then stands.
func touchedSince(t *testing.T, s *Store, after int64) ([]string, int64) {
	t.Helper()
	records, err := s.Touched(t.Context(), after, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, r.Call.Key().String())
		after = r.Touched
	}
	return out, after
}

func TestLinks(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		k := recognised(t, s, "cinea", "ft-portal", "nseo", "vinnova")
		cinea, portal, nseo := k[0], k[1], k[2]
		st, err := s.LinkState(ctx)
		if diff := cmp.Diff(LinkState{Cursor: 7, Rules: link.Version, Facts: 1}, st); diff != "" || err != nil {
			t.Errorf("state: %v (-want +got):\n%s", err, diff)
		}
		facts, err := s.LinkFacts(ctx)
		if err != nil || len(facts) != 4 {
			t.Fatalf("%d facts, %v", len(facts), err)
		}
		c := sample("cinea", "1")
		if diff := cmp.Diff(link.Read(&c), facts[0]); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
		_, at := touchedSince(t, s, 0)

		two := []link.Link{same(cinea, portal), same(cinea, nseo)}
		n, err := s.SaveLinks(ctx, two, two, st.Facts)
		if err != nil || n != 3 {
			t.Fatalf("touched %d, %v, want 3", n, err)
		}
		touched, at := touchedSince(t, s, at)
		if diff := cmp.Diff([]string{"cinea/1", "ft-portal/1", "nseo/1"}, touched); diff != "" {
			t.Errorf("touched (-want +got):\n%s", diff)
		}
		if n, err := s.SaveLinks(ctx, two, two, st.Facts); n != 0 || err != nil {
			t.Errorf("the same again touched %d, %v", n, err)
		}
		group, err := s.Group(ctx, nseo)
		if diff := cmp.Diff([]call.Key{portal, cinea, nseo}, group); diff != "" || err != nil {
			t.Errorf("group: %v (-want +got):\n%s", err, diff)
		}
		groups, err := s.Groups(ctx)
		if diff := cmp.Diff([][]call.Key{{portal, cinea, nseo}}, groups); diff != "" || err != nil {
			t.Errorf("groups: %v (-want +got):\n%s", err, diff)
		}
		if g, err := s.Group(ctx, k[3]); len(g) != 0 || err != nil {
			t.Errorf("alone: %v, %v", g, err)
		}
		got, err := s.Links(ctx, nseo)
		want := []Linked{{Stated: link.Stated{Link: two[1], State: link.Auto}, Made: epoch}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("links of one: %v (-want +got):\n%s", err, diff)
		}

		// A cut stays, though the link is found again, with other words or not at all.
		if err := s.JudgeLink(ctx, nseo, cinea, link.Cut, "kansliet", "another call"); err != nil {
			t.Fatal(err)
		}
		if touched, at = touchedSince(t, s, at); len(touched) != 3 {
			t.Errorf("cutting touched %v", touched)
		}
		for _, found := range [][]link.Link{two, {same(cinea, portal)}, two} {
			if _, err := s.SaveLinks(ctx, found, found, st.Facts); err != nil {
				t.Fatal(err)
			}
		}
		if touched, at = touchedSince(t, s, at); len(touched) != 0 {
			t.Errorf("finding again touched %v", touched)
		}
		got, err = s.Links(ctx, nseo)
		want[0].State, want[0].Who, want[0].Why = link.Cut, "kansliet", "another call"
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("the cut: %v (-want +got):\n%s", err, diff)
		}
		if g, err := s.Group(ctx, nseo); len(g) != 0 || err != nil {
			t.Errorf("after the cut: %v, %v", g, err)
		}

		// A person's link joins what nothing else does, and stays when nothing is found any more.
		if err := s.JudgeLink(ctx, portal, k[3], link.Hand, "kansliet", "the same fund"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveLinks(ctx, nil, nil, st.Facts); err != nil {
			t.Fatal(err)
		}
		groups, err = s.Groups(ctx)
		if diff := cmp.Diff([][]call.Key{{portal, k[3]}}, groups); diff != "" || err != nil {
			t.Errorf("groups by hand: %v (-want +got):\n%s", err, diff)
		}
		if touched, _ = touchedSince(t, s, at); len(touched) != 3 {
			t.Errorf("touched %v, want who came, who stayed and who left", touched)
		}
		if st, err = s.LinkState(ctx); st.Done != 1 || err != nil {
			t.Errorf("done %d, %v", st.Done, err)
		}
	})
}

func TestLinksRefuse(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		k := recognised(t, s, "cinea", "ft-portal")
		none := call.Key{Source: "nseo", Ref: "none"}
		before := dump(t, s)
		if _, err := s.SaveLinks(ctx, nil, []link.Link{same(k[0], k[1]), same(k[0], none)}, 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if err := s.JudgeLink(ctx, k[0], none, link.Cut, "w", "y"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if _, err := s.SaveLinkFacts(ctx, []link.Facts{{Key: none}}, 1, 9, false); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if diff := cmp.Diff(before, dump(t, s)); diff != "" {
			t.Errorf("a part was saved:\n%s", diff)
		}
	})
}

// Facts that are read again and did not change leave the links as they are; a call that is gone is another fact.
func TestLinkFacts(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		recognised(t, s, "cinea")
		c := sample("cinea", "1")
		f := link.Read(&c)
		for i, want := range []int64{1, 2, 2} {
			f.Gone = i > 0
			if _, err := s.SaveLinkFacts(ctx, []link.Facts{f}, link.Version, int64(10+i), false); err != nil {
				t.Fatal(err)
			}
			if st, err := s.LinkState(ctx); st.Facts != want || st.Cursor != int64(10+i) || err != nil {
				t.Errorf("time %d: %+v, %v, want facts %d", i, st, err, want)
			}
		}
		facts, err := s.LinkFacts(ctx)
		if diff := cmp.Diff([]link.Facts{f}, facts); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// Another representative moves everybody's place: whoever shows the group hears of it.
func TestLinkGroupsMove(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	ctx := t.Context()
	k := recognised(t, s, "cinea", "ft-portal")
	if _, err := s.SaveLinks(ctx, nil, []link.Link{same(k[0], k[1])}, 1); err != nil {
		t.Fatal(err)
	}
	_, at := touchedSince(t, s, 0)
	c := sample("ft-portal", "1")
	f := link.Read(&c)
	f.Gone = true
	if _, err := s.SaveLinkFacts(ctx, []link.Facts{f}, link.Version, 8, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveLinks(ctx, nil, []link.Link{same(k[0], k[1])}, 2); err != nil {
		t.Fatal(err)
	}
	touched, _ := touchedSince(t, s, at)
	g, err := s.Group(ctx, k[1])
	if diff := cmp.Diff("[cinea/1 ft-portal/1] [cinea/1 ft-portal/1]", fmt.Sprint(touched, g)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
