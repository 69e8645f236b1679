package schedule

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

// Easter Sundays as almanacs print them, the earliest and the latest that there are among them.
func TestEaster(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]string{
		1818: "03-22", 1943: "04-25", 1961: "04-02", 2000: "04-23", 2008: "03-23", 2011: "04-24", 2016: "03-27", 2019: "04-21",
		2020: "04-12", 2021: "04-04", 2022: "04-17", 2023: "04-09", 2024: "03-31", 2025: "04-20", 2026: "04-05", 2027: "03-28",
		2028: "04-16", 2029: "04-01", 2030: "04-21", 2031: "04-13", 2032: "03-28", 2035: "03-25", 2038: "04-25", 2049: "04-18", 2285: "03-22",
	} {
		if got := Easter(year).Format("01-02"); got != want {
			t.Errorf("%d: got %s, want %s", year, got, want)
		}
		if w := Easter(year).Weekday(); w != time.Sunday {
			t.Errorf("%d: a %s", year, w)
		}
	}
}

// Every holiday of some years, as the almanac has them.
func TestHolidays(t *testing.T) {
	t.Parallel()
	for year, want := range map[int][]string{
		2023: {"01-01 nyårsdagen", "01-06 trettondedag jul", "04-07 långfredagen", "04-09 påskdagen", "04-10 annandag påsk", "05-01 första maj",
			"05-18 Kristi himmelsfärdsdag", "05-28 pingstdagen", "06-06 nationaldagen", "06-23 midsommarafton", "06-24 midsommardagen",
			"11-04 alla helgons dag", "12-24 julafton", "12-25 juldagen", "12-26 annandag jul", "12-31 nyårsafton"},
		2024: {"01-01 nyårsdagen", "01-06 trettondedag jul", "03-29 långfredagen", "03-31 påskdagen", "04-01 annandag påsk", "05-01 första maj",
			"05-09 Kristi himmelsfärdsdag", "05-19 pingstdagen", "06-06 nationaldagen", "06-21 midsommarafton", "06-22 midsommardagen",
			"11-02 alla helgons dag", "12-24 julafton", "12-25 juldagen", "12-26 annandag jul", "12-31 nyårsafton"},
		2025: {"01-01 nyårsdagen", "01-06 trettondedag jul", "04-18 långfredagen", "04-20 påskdagen", "04-21 annandag påsk", "05-01 första maj",
			"05-29 Kristi himmelsfärdsdag", "06-06 nationaldagen", "06-08 pingstdagen", "06-20 midsommarafton", "06-21 midsommardagen",
			"11-01 alla helgons dag", "12-24 julafton", "12-25 juldagen", "12-26 annandag jul", "12-31 nyårsafton"},
		2026: {"01-01 nyårsdagen", "01-06 trettondedag jul", "04-03 långfredagen", "04-05 påskdagen", "04-06 annandag påsk", "05-01 första maj",
			"05-14 Kristi himmelsfärdsdag", "05-24 pingstdagen", "06-06 nationaldagen", "06-19 midsommarafton", "06-20 midsommardagen",
			"10-31 alla helgons dag", "12-24 julafton", "12-25 juldagen", "12-26 annandag jul", "12-31 nyårsafton"},
		2027: {"01-01 nyårsdagen", "01-06 trettondedag jul", "03-26 långfredagen", "03-28 påskdagen", "03-29 annandag påsk", "05-01 första maj",
			"05-06 Kristi himmelsfärdsdag", "05-16 pingstdagen", "06-06 nationaldagen", "06-25 midsommarafton", "06-26 midsommardagen",
			"11-06 alla helgons dag", "12-24 julafton", "12-25 juldagen", "12-26 annandag jul", "12-31 nyårsafton"},
		2008: {"01-01 nyårsdagen", "01-06 trettondedag jul", "03-21 långfredagen", "03-23 påskdagen", "03-24 annandag påsk",
			"05-01 första maj", // and Ascension Day too
			"05-11 pingstdagen", "06-06 nationaldagen", "06-20 midsommarafton", "06-21 midsommardagen",
			"11-01 alla helgons dag", "12-24 julafton", "12-25 juldagen", "12-26 annandag jul", "12-31 nyårsafton"},
	} {
		var got []string
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if h := Holiday(d); h != "" {
				got = append(got, d.Format("01-02 ")+h)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d (-want +got):\n%s", year, diff)
		}
	}
}

// How many days a year has on which people work, as payroll offices count them.
func TestWorkingDays(t *testing.T) {
	t.Parallel()
	for year, want := range map[int]int{2023: 251, 2024: 251, 2025: 249, 2026: 251} {
		got := 0
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if Works(d) {
				got++
			}
		}
		if got != want {
			t.Errorf("%d: got %d, want %d", year, got, want)
		}
	}
}

func local(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, last, now string
		want            []string
	}{
		{"before the hour", "2026-05-11", "2026-05-13 05:59", nil},
		{"at the hour", "2026-05-11", "2026-05-13 06:00", []string{"2026-05-12"}},
		{"written already", "2026-05-12", "2026-05-13 23:00", nil},
		{"the first of all", "", "2026-05-13 07:00", []string{"2026-05-12"}},
		{"nothing on a Saturday but Friday's waits", "2026-05-07", "2026-05-09 12:00", nil},
		{"Monday tells of the weekend", "2026-05-07", "2026-05-11 06:00", []string{"2026-05-08", "2026-05-09", "2026-05-10"}},
		{"Ascension Day is none to work on", "2026-05-12", "2026-05-14 12:00", nil},
		{"the day after tells of both", "2026-05-12", "2026-05-15 06:30", []string{"2026-05-13", "2026-05-14"}},
		{"Midsummer", "2026-06-17", "2026-06-22 06:00", []string{"2026-06-18", "2026-06-19", "2026-06-20", "2026-06-21"}},
		{"Easter", "2026-04-01", "2026-04-07 06:00", []string{"2026-04-02", "2026-04-03", "2026-04-04", "2026-04-05", "2026-04-06"}},
		{"missed days once each", "2026-05-04", "2026-05-08 20:00", []string{"2026-05-05", "2026-05-06", "2026-05-07"}},
		{"a day of 23 hours", "2026-03-27", "2026-03-30 06:00", []string{"2026-03-28", "2026-03-29"}},
		{"a day of 25 hours", "2026-10-23", "2026-10-26 06:00", []string{"2026-10-24", "2026-10-25"}},
		{"just before, when the clock was set back", "2026-10-23", "2026-10-26 05:59", nil},
		{"the clock was set back to before the last one", "2026-05-12", "2026-05-10 12:00", nil},
	} {
		if got := Days(c.last, local(t, c.now), 6, Works); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if got := Days("2020-01-01", local(t, "2026-05-13 06:00"), 6, Works); len(got) != mostDays || got[mostDays-1] != "2026-05-12" {
		t.Errorf("after years: %v", got)
	}
	// Minute by minute over a year: every day once, in order, and only when people work.
	last, written := "2025-12-31", 0
	for now := local(t, "2026-01-01 00:00"); now.Year() == 2026; now = now.Add(15 * time.Minute) {
		for _, d := range Days(last, now, 6, Works) {
			if d <= last || !Works(now) || now.Hour() < 6 {
				t.Fatalf("%s at %s, after %s", d, now, last)
			}
			last = d
			written++
		}
	}
	if written != 363 || last != "2026-12-29" { // what happens on the last two days waits for the new year
		t.Errorf("%d days, the last %s", written, last)
	}
}

// In the night in which the clock jumps from two to three, a digest of half past two comes at three; never twice when it
// jumps back.
func TestDaysAtOddHours(t *testing.T) {
	t.Parallel()
	always := func(time.Time) bool { return true }
	spring := local(t, "2026-03-29 01:59")
	if got := Days("2026-03-27", spring, 2, always); got != nil {
		t.Errorf("before the jump: %v", got)
	}
	if got := Days("2026-03-27", spring.Add(2*time.Hour), 2, always); len(got) != 1 {
		t.Errorf("after the jump: %v", got)
	}
	last, n := "2026-10-23", 0
	for now := local(t, "2026-10-25 00:00"); now.Day() == 25; now = now.Add(time.Minute) {
		for _, d := range Days(last, now, 2, always) {
			last = d
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d digests on a day of 25 hours", n)
	}
}

func TestNightly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last, now string
		want      bool
	}{
		{"2026-05-12 03:01", "2026-05-13 02:59", false},
		{"2026-05-12 03:01", "2026-05-13 03:00", true},
		{"2026-05-13 03:00", "2026-05-13 23:00", false},
		{"2026-05-10 03:00", "2026-05-13 02:00", true}, // missed nights, at once
		{"2026-03-28 03:00", "2026-03-29 03:00", true},
		{"2026-10-25 03:00", "2026-10-25 23:59", false},
	} {
		if got := Nightly(local(t, c.last), local(t, c.now), 3); got != c.want {
			t.Errorf("last %s, now %s: %v", c.last, c.now, got)
		}
	}
}
