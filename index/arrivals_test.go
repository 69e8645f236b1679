package index

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

func TestArrivals(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 15, 12, 0, 0, 0, call.Brussels())
	at := func(ref string, kind call.Kind, opens call.Moment, seen time.Time, priorities ...string) Entry {
		return Entry{Call: call.Call{Source: "s", Ref: ref, Kind: kind, Title: ref, Language: "en", Opens: opens}, FirstSeen: seen, Priorities: priorities}
	}
	seen := time.Date(2026, 3, 1, 0, 30, 0, 0, call.Brussels())
	group := []call.Key{{Source: "s", Ref: "head"}, {Source: "s", Ref: "tail"}}
	entries := listFeed{
		at("opened", call.KindCall, call.Day(2026, 1, 1), seen, "a", "b"),
		at("asked", call.KindConsultation, call.Day(2026, 1, 31), seen, "a"),
		at("seen", call.KindCall, call.Moment{}, seen, "a"),
		at("today", call.KindCall, call.Day(2026, 3, 15), seen, "b"),
		at("to come", call.KindCall, call.Day(2026, 3, 16), seen, "a"),
		at("long ago", call.KindCall, call.Day(2025, 12, 31), seen, "a"),
		at("news", call.KindNews, call.Day(2026, 1, 1), seen, "a"),
		at("planned", call.KindPlanned, call.Day(2026, 1, 1), seen, "a"),
		at("nobody's", call.KindCall, call.Day(2026, 1, 1), seen),
		at("head", call.KindCall, call.Day(2026, 2, 1), seen, "b"),
		at("tail", call.KindCall, call.Day(2026, 2, 1), seen, "b"),
	}
	for i := range entries {
		entries[i].Seq = int64(i + 1)
		if ref := entries[i].Call.Ref; ref == "head" || ref == "tail" {
			entries[i].Group = group
		}
	}
	got, err := open(t, entries).Arrivals(t.Context(), time.Date(2026, 1, 1, 0, 0, 0, 0, call.Brussels()), 3, now)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string][]int{"a": {2, 0, 1}, "b": {1, 1, 1}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
