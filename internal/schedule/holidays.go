// Package schedule says on which days people in Sweden work, and what is due at a time. It is pure: nothing here runs
// anything, so that every rule is a line of a table.
package schedule

import "time"

// Works tells whether people work on a day in Sweden: from Monday to Friday, but not on a public holiday, nor on the eves
// that the Annual Leave Act takes for Sundays: those of Midsummer, Christmas and the new year.
func Works(day time.Time) bool {
	if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	return Holiday(day) == ""
}

// Holiday gives what a day is called that is a holiday whatever day of the week it is; empty for all others. Lag
// (1989:253) om allmänna helgdagar names them; the eves come with Semesterlagen (1977:480) § 3 a.
func Holiday(day time.Time) string {
	month, date := day.Month(), day.Day()
	switch {
	case month == time.January && date == 1:
		return "nyårsdagen"
	case month == time.January && date == 6:
		return "trettondedag jul"
	case month == time.May && date == 1:
		return "första maj"
	case month == time.June && date == 6:
		return "nationaldagen"
	case month == time.December && date == 24:
		return "julafton"
	case month == time.December && date == 25:
		return "juldagen"
	case month == time.December && date == 26:
		return "annandag jul"
	case month == time.December && date == 31:
		return "nyårsafton"
	// The Friday and the Saturday from the 19th and the 20th of June.
	case month == time.June && day.Weekday() == time.Friday && date >= 19 && date <= 25:
		return "midsommarafton"
	case month == time.June && day.Weekday() == time.Saturday && date >= 20 && date <= 26:
		return "midsommardagen"
	// The Saturday from the 31st of October.
	case day.Weekday() == time.Saturday && (month == time.October && date == 31 || month == time.November && date <= 6):
		return "alla helgons dag"
	}
	easter := Easter(day.Year())
	switch day.YearDay() - easter.YearDay() {
	case -2:
		return "långfredagen"
	case 0:
		return "påskdagen"
	case 1:
		return "annandag påsk"
	case 39:
		return "Kristi himmelsfärdsdag"
	case 49:
		return "pingstdagen"
	}
	return ""
}

// Easter gives Easter Sunday of a year by the Gregorian calendar (Meeus, Jones and Butcher).
func Easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
