package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

// TestDates tells the days of calls of every shape, in their order, each once, with the one that counts now.
func TestDates(t *testing.T) {
	t.Parallel()
	sv, err := readTexts("sv")
	if err != nil {
		t.Fatal(err)
	}
	s, f := &Server{}, Frame{T: sv, Lang: "sv"}
	day := func(m time.Month, d int) call.Moment { return call.Day(2026, m, d) }
	for _, tt := range []struct {
		name  string
		call  call.Call
		want  []string
		drawn int // dots; 0 without a picture
	}{
		{"nothing", call.Call{Status: call.StatusOpen}, nil, 0},
		{"one day", call.Call{Status: call.StatusOpen, Deadlines: []call.Moment{day(9, 1)}}, []string{"Sista dag: tisdag 1 september 2026, om 35 dagar (nu)"}, 0},
		{"two stages", call.Call{Status: call.StatusOpen, Opens: day(1, 1), DeadlineModel: "two-stage", Deadlines: []call.Moment{day(7, 1), day(9, 1)}},
			[]string{"Öppnade: torsdag 1 januari 2026", "Steg 1 av 2, sista dag: onsdag 1 juli 2026, passerat", "Steg 2 av 2, sista dag: tisdag 1 september 2026, om 35 dagar (nu)"}, 3},
		{"cut-offs", call.Call{Status: call.StatusForthcoming, Opens: day(8, 1), DeadlineModel: "multiple cut-off", Deadlines: []call.Moment{day(9, 1), day(10, 1)}},
			[]string{"Öppnar: lördag 1 augusti 2026, om 4 dagar (nu)", "Stopptid 1 av 2: tisdag 1 september 2026, om 35 dagar", "Stopptid 2 av 2: torsdag 1 oktober 2026, om 65 dagar"}, 3},
		{"closed before its time", call.Call{Status: call.StatusClosed, Opens: day(1, 1), Deadlines: []call.Moment{day(9, 1)}},
			[]string{"Öppnade: torsdag 1 januari 2026", "Sista dag: tisdag 1 september 2026"}, 2},
		{"a consultation whose stage says its days", call.Call{Kind: call.KindConsultation, Status: call.StatusOpen, Opens: day(7, 1), Deadlines: []call.Moment{day(9, 1)},
			Stages: []call.Stage{{Name: "Draft act", Opens: day(7, 1), Closes: day(9, 1)}, {Name: "Adoption"}}},
			[]string{"Draft act: onsdag 1 juli 2026 – tisdag 1 september 2026, om 35 dagar (nu)", "Adoption: "}, 1},
		{"a consultation that states its days twice over", call.Call{Kind: call.KindConsultation, Status: call.StatusOpen, Opens: day(7, 1), Deadlines: []call.Moment{day(9, 1)},
			Stages: []call.Stage{{Name: "Evidence", Opens: day(1, 1), Closes: day(2, 1)}}},
			[]string{"Evidence: torsdag 1 januari 2026 – söndag 1 februari 2026, passerat", "Öppnade: onsdag 1 juli 2026", "Svara senast: tisdag 1 september 2026, om 35 dagar (nu)"}, 3},
	} {
		ds, l := s.dates(f, &tt.call, now)
		var got []string
		for i, d := range ds {
			text := d.Name + ": " + d.Day
			if d.Note != "" {
				text += ", " + d.Note
			}
			if d.Next {
				text += " (nu)"
			}
			if d.N != 0 && d.N != i+1 {
				t.Errorf("%s: number %d at place %d", tt.name, d.N, i)
			}
			got = append(got, text)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
		dots := 0
		if l != nil {
			dots = len(l.Dots)
			if l.Today == "" {
				t.Errorf("%s: today is not in the picture", tt.name)
			}
		}
		if dots != tt.drawn {
			t.Errorf("%s: %d dots, want %d", tt.name, dots, tt.drawn)
		}
	}
}
