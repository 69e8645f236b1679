package index

import (
	"slices"
	"strings"
	"testing"
	"time"

	"utkik/internal/call"
)

// Calls are alike by words that few others have, not by those that all have, nor by those of another language.
func TestSimilar(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	common := "Proposals for innovation projects are expected to contribute to the objectives. "
	c := func(ref, title, text string, deadline int) call.Call {
		return call.Call{Source: "s", Ref: ref, Kind: call.KindCall, Title: title, Text: common + text, Language: "en", Status: call.StatusOpen,
			Deadlines: []call.Moment{call.Day(2026, time.Month(deadline), 1)}}
	}
	calls := []call.Call{
		c("self", "Peatland restoration with sphagnum", "Rewetting drained mires stores carbon.", 9),
		c("near", "Rewetting mires", "Sphagnum farming on restored peatland.", 9),
		c("less", "Carbon stored in mires", "Restoration is welcome.", 9),
		c("past", "Sphagnum and peatland", "Rewetting drained mires.", 2),
		c("same", "Peatland restoration, sphagnum", "Rewetting drained mires.", 9),
		c("far", "Harbour cranes", "Electrified quays.", 9),
	}
	for i := range 40 {
		calls = append(calls, c("other"+string(rune('a'+i)), "Innovation projects", "Objectives of many kinds.", 9))
	}
	entries := feedOf(calls)
	for i := range entries {
		if ref := entries[i].Call.Ref; ref == "self" || ref == "same" {
			entries[i].Group = []call.Key{{Source: "s", Ref: "same"}, {Source: "s", Ref: "self"}}
		}
	}
	ix := open(t, entries)
	got, err := ix.Similar(t.Context(), &calls[0], "sv", 5, now)
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, a := range got {
		refs = append(refs, a.Hit.Ref)
	}
	if want := []string{"near", "less"}; !slices.Equal(refs, want) {
		t.Fatalf("like it are %q, want %q", refs, want)
	}
	if words := strings.ToLower(strings.Join(got[0].Words, " ")); !strings.Contains(words, "sphagnum") || strings.Contains(words, "innovation") {
		t.Errorf("alike by %q", words)
	}
	if got, err := ix.Similar(t.Context(), &call.Call{Source: "s", Ref: "empty"}, "sv", 5, now); err != nil || len(got) != 0 {
		t.Errorf("like nothing: %v, %v", got, err)
	}
}

// What is said to be alike in real calls can be read with -v.
func TestSimilarCorpus(t *testing.T) {
	t.Parallel()
	calls := corpus(t)
	ix := open(t, feedOf(calls))
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	none := 0
	for i := 0; i < len(calls); i += 40 {
		got, err := ix.Similar(t.Context(), &calls[i], "sv", 5, now)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s %s", calls[i].Ref, calls[i].Title)
		if len(got) == 0 {
			none++
		}
		for _, a := range got {
			t.Logf("    %.0f %s: %q", a.Hit.Score, a.Hit.Title, a.Words)
			if a.Hit.Key() == calls[i].Key() || a.Hit.Status == call.StatusClosed || len(a.Words) < alikeFewest {
				t.Errorf("%s is no call like %s", a.Hit.Key(), calls[i].Key())
			}
		}
	}
	t.Logf("%d of %d without", none, (len(calls)+39)/40)
}
