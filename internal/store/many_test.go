package store

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/link"
	"utkik/internal/match"
)

// What is asked for many calls at once is what is asked for each.
func TestManyByKey(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		var keys []call.Key
		for _, source := range []string{"cinea", "ft-portal"} {
			b := Batch{Source: source, At: day(1)}
			for _, ref := range []string{"1", `2"[],\`, "3 åäö <&>", "nul\x00", "5"} {
				c := sample(source, ref)
				b.Saves = append(b.Saves, Save{Call: c, Version: true, Seen: true, Changes: appeared()})
				keys = append(keys, c.Key())
			}
			b.Saves[4].Gone = day(1)
			saved(t, s, b)
			c := sample(source, "1")
			c.Title = "Another"
			saved(t, s, Batch{Source: source, At: day(2), Saves: []Save{{Call: c, Version: true, Changes: titled(c.Title)}}})
		}
		stored := func(k call.Key) call.Key { return call.Key{Source: k.Source, Ref: plain([]any{k.Ref})[0].(string)} }
		results := []match.Result{{Priority: "energi", Score: 7, Included: true}}
		if err := s.SaveMatches(ctx, "p", "h", []Matched{{keys[0], results}, {keys[6], results}}, 1); err != nil {
			t.Fatal(err)
		}
		none := []call.Key{{Source: "cinea", Ref: "none"}, {Source: "none", Ref: "1"}}
		asked := slices.Concat(keys, none, keys[:3])
		records, err := s.RecordsOf(ctx, asked)
		if err != nil || len(records) != len(keys) {
			t.Fatalf("%d records, %v, want %d", len(records), err, len(keys))
		}
		changes, err := s.ChangesOf(ctx, asked)
		if err != nil || len(changes) != len(keys) {
			t.Fatalf("changes of %d calls, %v, want %d", len(changes), err, len(keys))
		}
		matches, err := s.MatchesAmong(ctx, "p", asked)
		if err != nil || len(matches) != 2 {
			t.Fatalf("matches of %d calls, %v, want 2", len(matches), err)
		}
		marks := map[call.Key]Mark{}
		for _, source := range []string{"cinea", "ft-portal", "none"} {
			var refs []string
			for _, k := range asked {
				if k.Source == source {
					refs = append(refs, k.Ref)
				}
			}
			some, err := s.Marks(ctx, source, refs)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range some {
				marks[m.Key] = m
			}
		}
		for _, k := range keys {
			rec, err := s.Record(ctx, k)
			if err != nil {
				t.Fatal(err)
			}
			m := marks[stored(k)]
			if diff := cmp.Diff(rec, m.Record(rec.Call)); diff != "" {
				t.Errorf("%s: mark (-record +mark):\n%s", k, diff)
			}
			if hash, err := Hash(&rec.Call); err != nil || hash != m.Hash {
				t.Errorf("%s: hash %s, %v, want %s", k, m.Hash, err, hash)
			}
			if diff := cmp.Diff(rec, records[rec.Call.Key()]); diff != "" {
				t.Errorf("%s: record (-one +many):\n%s", k, diff)
			}
			log, err := s.Changes(ctx, ChangeQuery{Key: k})
			if diff := cmp.Diff(log, changes[stored(k)]); diff != "" || err != nil {
				t.Errorf("%s: changes %v (-one +many):\n%s", k, err, diff)
			}
			own, err := s.Matches(ctx, "p", k)
			if diff := cmp.Diff(own, matches[k]); diff != "" || err != nil {
				t.Errorf("%s: matches %v (-one +many):\n%s", k, err, diff)
			}
		}
		standing, err := s.Standing(ctx, "cinea")
		var refs []string
		for _, m := range standing {
			refs = append(refs, m.Key.Ref)
		}
		if want := []string{"1", `2"[],\`, "3 åäö <&>", "nul\uFFFD"}; !slices.Equal(refs, want) || err != nil {
			t.Errorf("standing %q, %v, want %q", refs, err, want)
		}
		for name, n := range map[string]func() (int, error){
			"records": func() (int, error) { m, err := s.RecordsOf(ctx, nil); return len(m), err },
			"marks":   func() (int, error) { m, err := s.Marks(ctx, "cinea", nil); return len(m), err },
		} {
			if got, err := n(); got != 0 || err != nil {
				t.Errorf("%s of none: %d, %v", name, got, err)
			}
		}
	})
}

// Groups that are asked for some calls are those of all, without the rest.
func TestGroupsOf(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		k := recognised(t, s, "cinea", "ft-portal", "nseo", "vinnova", "formas")
		links := []link.Link{same(k[0], k[1]), same(k[0], k[2]), same(k[3], k[4])}
		if _, err := s.SaveLinks(t.Context(), links, links, 1); err != nil {
			t.Fatal(err)
		}
		groups, err := s.GroupsOf(t.Context(), []call.Key{k[2], {Source: "none", Ref: "1"}})
		if err != nil || len(groups) != 3 {
			t.Fatalf("groups of %d calls, %v, want 3", len(groups), err)
		}
		for _, key := range k[:3] {
			own, err := s.Group(t.Context(), key)
			if diff := cmp.Diff(own, groups[key]); diff != "" || err != nil {
				t.Errorf("%s: %v (-one +many):\n%s", key, err, diff)
			}
		}
	})
}
