package text

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// near is the day on which the tables below are read.
var near = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestParseDate(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		// Swedish prose.
		{"den 4 mars 2027 kl. 17.00", "2027-03-04T17:00:00+01:00"},
		{"den 4 mars 2027 kl 17", "2027-03-04T17:00:00+01:00"},
		{"Sista ansökningsdag är den 4 mars 2027 klockan 14:00.", "2027-03-04T14:00:00+01:00"},
		{"torsdagen den 4 mars 2027, senast klockan 12.00", "2027-03-04T12:00:00+01:00"},
		{"senast kl. 15.00 den 5 mars 2026", "2026-03-05T15:00:00+01:00"},
		{"klockan 16 tisdagen den 2 juni 2026", "2026-06-02T16:00:00+02:00"},
		{"Sista dag att svara på remissen är den 6 februari 2026.", "2026-02-06"},
		{"Sista ansökningsdag är 2021-01-12 klockan 16.00.", "2021-01-12T16:00:00+01:00"},
		{"8 oktober 2024 kl. 14:00", "2024-10-08T14:00:00+02:00"},
		{"senast den 15 januari", "2027-01-15"},
		{"senast den 15 november", "2026-11-15"},
		{"senast den 15 september", "2027-09-15"},
		{"den 29 februari", "2028-02-29"},
		{"är den13 februari 2017.", "2017-02-13"},
		{"1:a mars 2026", "2026-03-01"},
		{"den 3:e oktober, 2026", "2026-10-03"},
		{"3 okt 2026", "2026-10-03"},
		{"3 okt. 2026", "2026-10-03"},
		{"15 sept. 2026 kl 9.30", "2026-09-15T09:30:00+02:00"},
		{"den 31 december 2026 midnatt", "2026-12-31T23:59:00+01:00"},
		{"31 december 2026 kl. 24.00", "2026-12-31T23:59:00+01:00"},
		{"4/3 2027", "2027-03-04"},
		{"12 augusti år 2026", "2026-08-12"},
		{"DEN 4 MARS 2027", "2027-03-04"},
		{"den 4\u00a0mars\u00a02027 kl.\u00a017.00", "2027-03-04T17:00:00+01:00"},
		{"den 4\nmars 2027", "2027-03-04"},
		{"2026-09-22 kl 15:00", "2026-09-22T15:00:00+02:00"},
		{"2026-09-22 15.00", "2026-09-22T15:00:00+02:00"},
		{"2026-09-22 (kl. 15.00 svensk tid)", "2026-09-22T15:00:00+02:00"},
		{"Ansök senast: 2026-09-22", "2026-09-22"},
		{"den 2 juni 2026 kl. 09.00–16.00", "2026-06-02T16:00:00+02:00"},
		{"1. december 2026", "2026-12-01"}, // Danish

		// Ranges: the last day.
		{"7–10 oktober 2026", "2026-10-10"},
		{"7-10 oktober 2026", "2026-10-10"},
		{"7 – 10 oktober 2026", "2026-10-10"},
		{"30 september–2 oktober 2026", "2026-10-02"},
		{"från den 1 mars till den 30 april 2026", "2026-04-30"},
		{"1 mars t.o.m. 30 april 2026", "2026-04-30"},
		{"1 mars till och med 30 april 2026", "2026-04-30"},
		{"28 december 2026 – 4 januari", "2027-01-04"},
		{"October 7-10, 2026", "2026-10-10"},
		{"September 30 – October 2, 2026", "2026-10-02"},
		{"October 30 - 2 November 2026", "2026-11-02"},
		{"from 15 April 2026 to 16 April 2026", "2026-04-16"},
		{"2026-09-22 – 2026-09-24", "2026-09-24"},
		{"2026-09-22/2026-09-24", "2026-09-24"},
		{"22.9.–24.9.2026", "2026-09-24"},
		{"22/09/2026 - 24/09/2026", "2026-09-24"},
		{"1 March 2026 09:00 – 30 April 2026 17:00", "2026-04-30T17:00:00+02:00"},

		// English prose.
		{"17 September 2026 17:00:00 Brussels time", "2026-09-17T17:00:00+02:00"},
		{"30 September 2025 22:59 (Brussels time)", "2025-09-30T22:59:00+02:00"},
		{"Thu, 26 Sep 2024 17:00:00 (Brussels local time)", "2024-09-26T17:00:00+02:00"},
		{"Friday 5 June 2026, 12:00 CET", "2026-06-05T12:00:00+02:00"},
		{"06 November 2024", "2024-11-06"},
		{"13 March 2018", "2018-03-13"},
		{"September 22, 2026", "2026-09-22"},
		{"Sept. 22nd 2026", "2026-09-22"},
		{"22nd of September 2026", "2026-09-22"},
		{"October 8, 2024 at 2 p.m.", "2024-10-08T14:00:00+02:00"},
		{"3 May 2026, 5pm", "2026-05-03T17:00:00+02:00"},
		{"3 May 2026 at 5:30 PM CET", "2026-05-03T17:30:00+02:00"},
		{"12 am on 3 May 2026", "2026-05-03T00:00:00+02:00"},
		{"3 May 2026, 12 noon", "2026-05-03T12:00:00+02:00"},
		{"noon on Monday 4 May 2026", "2026-05-04T12:00:00+02:00"},
		{"17:00 (CET/CEST) on 4 May 2026", "2026-05-04T17:00:00+02:00"},
		{"03 June 2026 (midnight Brussels time)", "2026-06-03T23:59:00+02:00"},
		{"4 May 2026 17:00 Central European Summer Time (CEST)", "2026-05-04T17:00:00+02:00"},
		{"4 May 2026, no later than 17h00", "2026-05-04T17:00:00+02:00"},
		{"4 May 2026 at 17.00 hours local time", "2026-05-04T17:00:00+02:00"},
		{"22 September 2026 - 17:00:00 Brussels time", "2026-09-22T17:00:00+02:00"},
		{"4 May 2026 17:00 UTC", "2026-05-04T19:00:00+02:00"},
		{"4 May 2026 17:00 (UTC+3)", "2026-05-04T17:00:00+03:00"},
		{"4 May 2026 17:00 (UTC+2)", "2026-05-04T17:00:00+02:00"},
		{"4 May 2026 17:00 Helsinki time", "2026-05-04T17:00:00+03:00"},
		{"4 May 2026 17:00 London time", "2026-05-04T17:00:00+01:00"},
		{"4 May 2026 23:59 AoE", "2026-05-04T23:59:00-12:00"},
		{"by October 8.", "2026-10-08"},
		{"15 January, 15 March and 15 May 2028", "2028-01-15"},

		// Figures and machines.
		{"2026-09-22", "2026-09-22"},
		{"2026/09/22 23:59:59", "2026-09-22T23:59:00+02:00"},
		{"22/09/2026", "2026-09-22"},
		{"09/22/2026", "2026-09-22"},
		{"22.9.2026", "2026-09-22"},
		{"22. 9. 2026", "2026-09-22"},
		{"22-09-2026", "2026-09-22"},
		{"22-Sep-2026", "2026-09-22"},
		{"Monday, 02-Nov-26 15:04:05 UTC", "2026-11-02T16:04:00+01:00"},
		{"20260922", "2026-09-22"},
		{"20260922T150000Z", "2026-09-22T17:00:00+02:00"},
		{"2026-09-22T17:00:00+02:00", "2026-09-22T17:00:00+02:00"},
		{"2026-09-22T15:00:00Z", "2026-09-22T17:00:00+02:00"},
		{"2026-09-21T22:00:00.000Z", "2026-09-22T00:00:00+02:00"},
		{"2026-09-22T17:00:00-05:00", "2026-09-22T17:00:00-05:00"},
		{"2026-09-22T23:59", "2026-09-22T23:59:00+02:00"},
		{"2025-02-13T00:00:00.000+0100", "2025-02-13"},
		{"2025-02-13T00:00:00.000+0000", "2025-02-13"},
		{"2025-02-13T17:00:00.000+0100", "2025-02-13T17:00:00+01:00"},
		{"2026-09-22 00:00:00", "2026-09-22"},
		{"2026-09-22 15:00:00+02:00", "2026-09-22T15:00:00+02:00"},
		{"Tue, 22 Sep 2026 15:00:00 GMT", "2026-09-22T17:00:00+02:00"},
		{"Tue, 22 Sep 2026 15:00:00 +0200", "2026-09-22T15:00:00+02:00"},

		// None.
		{"", ""},
		{"SOU 2025:119", ""},
		{"2021-2027", ""},
		{"31 februari 2026", ""},
		{"mars 2026", ""},
		{"kl. 17.00", ""},
		{"2026", ""},
		{"2026-13-01", ""},
		{"99999999", ""},
		{"löpande", ""},
	}
	for _, tt := range tests {
		m, ok := ParseDate(tt.in, Options{Near: near})
		if m.String() != tt.want || ok != (tt.want != "") {
			t.Errorf("ParseDate(%q) = %q, %v, want %q", tt.in, m, ok, tt.want)
		}
	}
}

func TestParseDateOptions(t *testing.T) {
	t.Parallel()
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		in   string
		o    Options
		want string
	}{
		{"22 September 2026", Options{Clock: "17:00"}, "2026-09-22T17:00:00+02:00"},
		{"22 September 2026 12:00", Options{Clock: "17:00"}, "2026-09-22T12:00:00+02:00"},
		{"2026-09-22T00:00:00.000+0000", Options{Clock: "17:00"}, "2026-09-22T17:00:00+02:00"},
		{"22 September 2026", Options{Clock: "17:00", Zone: helsinki}, "2026-09-22T17:00:00+03:00"},
		{"22 September 2026 16:00", Options{Zone: helsinki}, "2026-09-22T16:00:00+03:00"},
		{"22 September 2026 16:00 CET", Options{Zone: helsinki}, "2026-09-22T16:00:00+02:00"},
		{"22 September 2026", Options{Clock: "half past"}, "2026-09-22"},
		{"15 januari", Options{}, ""},
		{"15 januari", Options{Near: time.Date(2027, 3, 15, 0, 0, 0, 0, time.UTC)}, "2027-01-15"},
		{"15 januari", Options{Near: time.Date(2027, 3, 17, 0, 0, 0, 0, time.UTC)}, "2028-01-15"},
	}
	for _, tt := range tests {
		m, _ := ParseDate(tt.in, tt.o)
		if m.String() != tt.want {
			t.Errorf("ParseDate(%q, %+v) = %q, want %q", tt.in, tt.o, m, tt.want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	// What was found stands in brackets before the text it was found in.
	tests := []struct {
		in   string
		want []string
	}{
		{"Utlysningen öppnar den 3 februari 2026 och stänger den 4 mars 2027 kl. 17.00. Beslut fattas i juni.",
			[]string{"[2026-02-03] 3 februari 2026", "[2027-03-04T17:00:00+01:00] 4 mars 2027 kl. 17.00"}},
		{"Deadline dates: 30 September 2025 22:59 (Brussels time)\n28 February 2026 22:59 (Brussels time)",
			[]string{"[2025-09-30T22:59:00+02:00] 30 September 2025 22:59 (Brussels time)",
				"[2026-02-28T22:59:00+01:00] 28 February 2026 22:59 (Brussels time)"}},
		{"Konferensen hålls 7–10 oktober 2026 i Sundsvall.", []string{"[2026-10-10] 7–10 oktober 2026"}},
		{"Cut-offs: 15 January, 15 March and 15 May 2028.",
			[]string{"[2028-01-15] 15 January", "[2028-03-15] 15 March", "[2028-05-15] 15 May 2028"}},
		{"Skicka in senast kl. 15.00 den 5 mars 2026 (två exemplar).", []string{"[2026-03-05T15:00:00+01:00] kl. 15.00 den 5 mars 2026"}},
		{"Open: 2026-01-13. Close: 2026-04-14 (17:00 CET).",
			[]string{"[2026-01-13] 2026-01-13", "[2026-04-14T17:00:00+02:00] 2026-04-14 (17:00 CET)"}},
		{"Opening: 22 September 2026\n- 24 October 2026", []string{"[2026-09-22] 22 September 2026", "[2026-10-24] 24 October 2026"}},
		{"uppdaterad 2026-09-22, version 1.2.3", []string{"[2026-09-22] 2026-09-22"}},
		{"Möte 3 mars\n\n2026 kom", []string{"[2027-03-03] 3 mars"}},
		{"– 4 mars 2027 –", []string{"[2027-03-04] 4 mars 2027"}},
		{"vid 4 mars 2027. 17.00 är fel", []string{"[2027-03-04T17:00:00+01:00] 4 mars 2027. 17.00"}},

		// Nothing to be found.
		{"SOU 2025:119, prop. 2025/26:12, dir. 2024:87, Ds 2026:1, bet. 2020/21:FPM28", nil},
		{"programperioden 2021-2027, 2028–2034 och 2021/2027", nil},
		{"version 1.2.3, 10.2.1, v2.0.26 och avsnitt 4.10.2", nil},
		{"tfn 010-516 54 00, +46 10 516 54 00, 0611-80 00 00, 08-12 05 20 26, 070-123 45 67", nil},
		{"Ares(2026)1234, Ares(2025)12345678 - 12/03, COM(2023) 192, C/2026/1234, 32021R1060", nil},
		{"HORIZON-CL5-2026-01-02, CERV-2026-10-12-GE, ERASMUS-EDU-2026-03-05-X, JTM-2026-PSLF", nil},
		{"(EU) 2021/1060, (EU) nr 1303/2013, OJ L 231, 30.6, artikel 12.3.2021a", nil},
		{"Dnr 2026/1234, KN2025/01234, org.nr 232100-0206, ISBN 978-92-79-12345-6", nil},
		{"Annex 2 may be used, May 10 projects apply, in march we walk, 12 Marsvin", nil},
		{"10.12.2021.4 och 2026-09-22-03 och 2026.09.22.1", nil},
		{"https://example.eu/news/2026-09-22/a och bild_2026-09-22.png", nil},
		{"12.50 euro, 17:00, 3,5 mars", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, f := range Dates(tt.in, Options{Near: near}) {
			got = append(got, "["+f.Moment.String()+"] "+tt.in[f.Start:f.End])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Dates(%q) (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestDatesInLongText(t *testing.T) {
	t.Parallel()
	// One date in each of many unfriendly surroundings; the work must stay in line with the length.
	for _, filler := range []string{"1 ", "1.", "1-", "den ", "kl ", "mars ", "2026-", "17:00 ", "\n", " ", "1–", "och ", "(", "1 mars, ", "å", "\xff"} {
		s := strings.Repeat(filler, 1<<18/len(filler)) + "\n\nden 4 mars 2027"
		found := Dates(s, Options{})
		if n := len(found); n == 0 || found[n-1].Moment.Date() != "2027-03-04" {
			t.Errorf("after many %q: found %d dates and not the last", filler, n)
		}
	}
}

func FuzzDates(f *testing.F) {
	for _, s := range []string{"den 4 mars 2027 kl. 17.00", "7–10 oktober 2026", "2025-02-13T00:00:00.000+0100", "15 January, 15 March and 15 May 2028",
		"noon on 4 May 2026", "17:00 (CET/CEST) on 4 May 2026", "October 7-10, 2026 at 2 p.m.", "22.9.–24.9.2026", "1:a mars t.o.m. 2/3 2026", "20260922T150000Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o := Options{Near: near}
		last := 0
		for _, d := range Dates(s, o) {
			if d.Start < last || d.End <= d.Start || d.End > len(s) {
				t.Fatalf("Dates(%q): %d..%d after %d of %d", s, d.Start, d.End, last, len(s))
			}
			last = d.End
			if utf8.ValidString(s) && !utf8.ValidString(s[d.Start:d.End]) {
				t.Fatalf("Dates(%q): %q splits a character", s, s[d.Start:d.End])
			}
			if d.Moment.IsZero() {
				t.Fatalf("Dates(%q): zero moment", s)
			}
			if m, ok := ParseDate(d.Moment.String(), o); !ok || !m.Equal(d.Moment) && !strings.Contains(d.Moment.String(), "T00:00:00") {
				t.Fatalf("Dates(%q): %s is read as %s", s, d.Moment, m)
			}
		}
		ParseDate(s, o)
	})
}
