package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/link"
)

// Set back, or killed between any two steps, linking comes to the same links; and a cut is kept over all of it.
func TestLinksAgain(t *testing.T) {
	t.Parallel()
	a := installation(t, configure(t, ""), time.Date(2026, 5, 12, 6, 0, 0, 0, time.UTC))
	defer closeApp(t, a)
	const calls = `{"source":"ft-portal","ref":"1","kind":"call","title":"Sustainable grids","identifier":"HORIZON-CL5-2026-D3-01-05","deadlines":["2026-09-22"]}
{"source":"cinea","ref":"1","kind":"call","title":"Grids","deadlines":["2026-09-22"],"text":"Reference: HORIZON-CL5-2026-D3-01-05"}
{"source":"nseo","ref":"1","kind":"news","title":"Elnät","opens":"2026-05-11","text":"HORIZON-CL5-2026-D3-01-05 är öppen."}
`
	if _, err := a.Import(t.Context(), "calls", strings.NewReader(calls)); err != nil {
		t.Fatal(err)
	}
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	nseo, portal := call.Key{Source: "nseo", Ref: "1"}, call.Key{Source: "ft-portal", Ref: "1"}
	if _, err := a.JudgeLink(t.Context(), portal, nseo, link.Cut, "", "another call"); err != nil {
		t.Fatal(err)
	}
	if err := a.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	want, err := a.Links(t.Context(), call.Key{})
	if err != nil || len(want) != 1 || len(want[0].Calls) != 2 || len(want[0].Links) != 2 {
		t.Fatalf("%+v, %v", want, err)
	}
	records, err := a.Store.Touched(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, cursor := range []string{"link", "link:rules", "link:done"} {
		if err := a.Store.SetCursor(t.Context(), cursor, 0); err != nil {
			t.Fatal(err)
		}
		if err := a.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := a.Links(t.Context(), call.Key{})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("after %s was set back: %v (-want +got):\n%s", cursor, err, diff)
		}
	}
	again, err := a.Store.Touched(t.Context(), records[len(records)-1].Touched, 0)
	if len(again) != 0 || err != nil {
		t.Errorf("%d calls were touched though nothing became another, %v", len(again), err)
	}
}
