package web

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/plan"
)

func TestSuggestions(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, tt := range []struct {
		typed, lang string
		want        []suggested
	}{
		{"milj", "sv", []suggested{{Label: "Miljö och klimat", Note: "Prioritering i planen", URL: "/?priority=miljo&q="}}},
		{"clim", "en", []suggested{{Label: "Environment and climate", Note: "Priority of the plan", URL: "/?lang=en&priority=miljo&q="}}},
		{"cef", "sv", []suggested{{Label: "CEF", Note: "Program", Query: "programme:CEF"}}},
		{"cef-t-2026-", "en", []suggested{{Label: "CEF-T-2026-RAIL", Note: "Identifier", Query: "CEF-T-2026-RAIL"}}},
		{"heat net", "sv", []suggested{
			{Label: "heat networks", Note: "Ord", Query: "heat networks"}, {Label: "Heat networks", Note: "Utlysning eller samråd", URL: "/call/ft-portal/TOMORROW"},
		}},
		{"thin tr", "en", []suggested{
			{Label: "thin traffic", Note: "Word", Query: "thin traffic"}, {Label: "Consultation on thin traffic", Note: "Call or consultation", URL: "/call/have-your-say/14000?lang=en"},
		}},
		{"railway li", "sv", []suggested{
			{Label: "railway links", Note: "Ord", Query: "railway links"},
			{Label: "Railway links to the north", Lang: "en", Note: "Utlysning eller samråd", URL: "/call/ft-portal/RAIL-1"},
		}},
		{"m", "sv", []suggested{}},
		{"\x00", "sv", []suggested{}},
		{strings.Repeat("x", 10_000), "sv", []suggested{}},
		{`"rail`, "sv", []suggested{}},
	} {
		w := get(t, s, in(tt.lang, "/suggest?"+url.Values{"q": {tt.typed}}.Encode()))
		var got struct{ Suggestions []suggested }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%.40s: %d %s: %v", tt.typed, w.Code, w.Body, err)
		}
		if diff := cmp.Diff(tt.want, got.Suggestions); diff != "" {
			t.Errorf("%.40s (-want +got):\n%s", tt.typed, diff)
		}
	}
	if got := get(t, s, "/suggest?q=alert").Body.String(); strings.Contains(got, "<script>") {
		t.Errorf("a hostile title goes out as it is: %s", got)
	}
}

func TestPlanTerms(t *testing.T) {
	t.Parallel()
	got := planTerms(&plan.Plan{Priorities: []plan.Priority{
		{Vocabulary: []plan.Term{{SV: "skog*", EN: []string{"forest", "*wood*", "woods"}, Weight: 1}, {SV: "fartyg", Weight: -1}}},
		{Vocabulary: []plan.Term{{SV: "järnväg", EN: []string{"forest"}, Weight: 3}, {EN: []string{"*"}, Weight: 2}}},
	}})
	if want := []string{"forest", "järnväg", "woods"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
