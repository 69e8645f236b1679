package digest

import (
	"embed"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"utkik/internal/call"
	"utkik/internal/text"
)

//go:embed locale/sv.json locale/en.json
var locales embed.FS

// nbsp keeps a number and its unit on one line. Plain text gets a common space after the lines are broken.
const nbsp = "\u00a0"

// args is what a message may speak of. One struct for all, so that a misspelt field fails in the test that
// executes every message, not in a mail.
type args struct {
	Count, Name, Date, Old, New, Amount, Min, Max, Quote, Label, Reason, Field, List, Command string

	Day, Weekday, Month, Year, Clock string
}

// catalogue is the texts of one language, read once.
type catalogue struct {
	loc   *i18n.Localizer
	fixed map[string]string    // messages without plural and arguments: most of them, and free to look up
	cut   map[string][]segment // the others, one form each; the plural's key ends with #one
}

// segment is a stretch of a message, then an argument.
type segment struct {
	text string
	hole func(*args) string // nil at a message's end
}

// holes are the arguments by name.
var holes = map[string]func(*args) string{
	"Count": func(a *args) string { return a.Count }, "Name": func(a *args) string { return a.Name }, "Date": func(a *args) string { return a.Date },
	"Old": func(a *args) string { return a.Old }, "New": func(a *args) string { return a.New }, "Amount": func(a *args) string { return a.Amount },
	"Min": func(a *args) string { return a.Min }, "Max": func(a *args) string { return a.Max }, "Quote": func(a *args) string { return a.Quote },
	"Label": func(a *args) string { return a.Label }, "Reason": func(a *args) string { return a.Reason }, "Field": func(a *args) string { return a.Field },
	"List": func(a *args) string { return a.List }, "Command": func(a *args) string { return a.Command }, "Day": func(a *args) string { return a.Day },
	"Weekday": func(a *args) string { return a.Weekday }, "Month": func(a *args) string { return a.Month }, "Year": func(a *args) string { return a.Year },
	"Clock": func(a *args) string { return a.Clock },
}

// cut takes a message apart once, because a day's mails fill in thousands. It is false for what is more than
// text and plain arguments, which go-i18n then does.
func cut(s string) ([]segment, bool) {
	var out []segment
	for {
		before, rest, found := strings.Cut(s, "{{")
		if !found {
			return append(out, segment{text: s}), true
		}
		name, after, closed := strings.Cut(rest, "}}")
		hole := holes[strings.TrimPrefix(strings.TrimSpace(name), ".")]
		if !closed || hole == nil {
			return nil, false
		}
		out = append(out, segment{before, hole})
		s = after
	}
}

// fill puts arguments into a message that was taken apart.
func fill(segments []segment, a *args) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.text)
		if s.hole != nil {
			b.WriteString(s.hole(a))
		}
	}
	return b.String()
}

// catalogues are read from the files that are part of the program.
var catalogues = sync.OnceValues(func() (map[string]*catalogue, error) {
	bundle := i18n.NewBundle(language.Swedish)
	out := map[string]*catalogue{}
	for _, lang := range []string{"sv", "en"} {
		b, err := locales.ReadFile("locale/" + lang + ".json")
		if err != nil {
			return nil, err
		}
		f, err := bundle.ParseMessageFileBytes(b, lang+".json")
		if err != nil {
			return nil, fmt.Errorf("locale %s: %v", lang, err)
		}
		c := &catalogue{fixed: map[string]string{}, cut: map[string][]segment{}}
		for _, m := range f.Messages {
			// Swedish and English have the same two forms, one for exactly 1.
			if segments, ok := cut(m.Other); ok {
				c.cut[m.ID] = segments
			}
			if segments, ok := cut(m.One); ok && m.One != "" {
				c.cut[m.ID+"#one"] = segments
			}
			if m.One == "" && !strings.Contains(m.Other, "{{") {
				c.fixed[m.ID] = m.Other
			}
		}
		out[lang] = c
	}
	for lang, c := range out {
		c.loc = i18n.NewLocalizer(bundle, lang)
	}
	return out, nil
})

// words speaks one language. The first message that is missing stays in err; its key stands in for it.
type words struct {
	lang string
	*catalogue
	err error
}

func newWords(lang string) (*words, error) {
	all, err := catalogues()
	if err != nil {
		return nil, fmt.Errorf("digest: %v", err)
	}
	c, ok := all[lang]
	if !ok {
		return nil, fmt.Errorf("digest: language %q: want sv or en", lang)
	}
	return &words{lang: lang, catalogue: c}, nil
}

// t is a message without arguments.
func (w *words) t(key string) string {
	if s, ok := w.fixed[key]; ok {
		return s
	}
	return w.f(key, args{})
}

// f is a message with arguments.
func (w *words) f(key string, a args) string {
	if segments, ok := w.cut[key]; ok {
		return fill(segments, &a)
	}
	return w.keep(w.loc.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: a}))(key)
}

// n is a message about n things.
func (w *words) n(key string, n int, a args) string {
	a.Count = w.number(int64(n))
	return w.plural(key, n, a)
}

// plural is a message in the form that n things take.
func (w *words) plural(key string, n int, a args) string {
	form := key
	if n == 1 {
		form += "#one"
	}
	if segments, ok := w.cut[form]; ok {
		return fill(segments, &a)
	}
	return w.keep(w.loc.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: a, PluralCount: n}))(key)
}

func (w *words) keep(s string, err error) func(key string) string {
	return func(key string) string {
		if err == nil {
			return s
		}
		if w.err == nil {
			w.err = fmt.Errorf("digest: locale %s, message %s: %v", w.lang, key, err)
		}
		return key
	}
}

// list joins parts as a sentence does: a, b och c.
func (w *words) list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " " + w.t("and") + " " + parts[last]
}

// number groups digits by three.
func (w *words) number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + w.t("number.group") + s[i:]
	}
	return sign + s
}

// amount is a sum in euros: in millions or billions where two decimals hold it exactly, else to the euro.
func (w *words) amount(eur int64) string {
	switch {
	case eur >= 1e9 && eur%1e7 == 0:
		return w.units("amount.billion", eur, 1e9)
	case eur >= 1e6 && eur%1e4 == 0:
		return w.units("amount.million", eur, 1e6)
	}
	return w.f("amount.euro", args{Amount: w.number(eur)})
}

// units is n in a larger unit, in the singular only for exactly one.
func (w *words) units(key string, n, unit int64) string {
	plural := 2
	if n == unit {
		plural = 1
	}
	return w.plural(key, plural, args{Amount: w.decimal(n, unit)})
}

// decimal is n in a larger unit, with at most two decimals.
func (w *words) decimal(n, unit int64) string {
	s := w.number(n / unit)
	if frac := strings.TrimRight(fmt.Sprintf("%02d", n%unit/(unit/100)), "0"); frac != "" {
		s += w.t("number.decimal") + frac
	}
	return s
}

// between is a range of amounts, with the unit said once where both share it: 1,5–1,9 miljoner euro.
func (w *words) between(least, most int64) string {
	switch {
	case most < 1e6:
		return w.f("amount.euro", args{Amount: w.number(least) + "–" + w.number(most)})
	case least >= 1e6 && most < 1e9 && least%1e4 == 0 && most%1e4 == 0:
		return w.plural("amount.million", 2, args{Amount: w.decimal(least, 1e6) + "–" + w.decimal(most, 1e6)})
	}
	return w.f("money.between", args{Min: w.amount(least), Max: w.amount(most)})
}

// money is a call's budget, grants and contribution in one line, empty when none of it is stated.
func (w *words) money(budget int64, grants int, least, most int64) string {
	var parts []string
	if budget > 0 {
		parts = append(parts, w.f("money.budget", args{Amount: w.amount(budget)}))
	}
	if grants > 0 {
		parts = append(parts, w.n("money.grants", grants, args{}))
	}
	switch {
	case least > 0 && least == most:
		if grants != 1 || most != budget { // one grant of all the money says nothing new
			parts = append(parts, w.f("money.each", args{Amount: w.amount(most)}))
		}
	case least > 0 && most > 0:
		parts = append(parts, w.f("money.each", args{Amount: w.between(least, most)}))
	case most > 0:
		parts = append(parts, w.f("money.most", args{Amount: w.amount(most)}))
	case least > 0:
		parts = append(parts, w.f("money.least", args{Amount: w.amount(least)}))
	}
	return strings.Join(parts, ", ")
}

// day is torsdag 23 april 2026.
func (w *words) day(t time.Time) string {
	return w.f("date.full", w.dateArgs(t))
}

// dayShort is 23 april.
func (w *words) dayShort(t time.Time) string {
	return w.f("date.short", w.dateArgs(t))
}

func (w *words) dateArgs(t time.Time) args {
	return args{
		Day: strconv.Itoa(t.Day()), Year: strconv.Itoa(t.Year()),
		Weekday: w.t("weekday." + strconv.Itoa(int(t.Weekday()))),
		Month:   w.t("month." + strconv.Itoa(int(t.Month()))),
	}
}

// clock is 17.00.
func (w *words) clock(t time.Time) string { return t.Format(w.t("clock.layout")) }

// moment is a day, with the clock time where one is stated, on a Swedish clock.
func (w *words) moment(m call.Moment) string {
	t := local(m)
	if m.DayOnly() {
		return w.day(t)
	}
	return w.f("date.clock", args{Date: w.day(t), Clock: w.clock(t)})
}

// near is 23 april, with the year when it is not the given one.
func (w *words) near(m call.Moment, year int) string {
	t := local(m)
	if t.Year() != year {
		return w.dayShort(t) + " " + strconv.Itoa(t.Year())
	}
	return w.dayShort(t)
}

// short is moment without the year when it is the given one.
func (w *words) short(m call.Moment, year int) string {
	t := local(m)
	if t.Year() != year {
		return w.moment(m)
	}
	day := w.f("date.weekday", w.dateArgs(t))
	if m.DayOnly() {
		return day
	}
	return w.f("date.clock", args{Date: day, Clock: w.clock(t)})
}

// left says how far away a day is: i dag, i morgon, om 3 dagar, i går, för 3 dagar sedan.
func (w *words) left(days int) string {
	switch {
	case days == 0:
		return w.t("left.today")
	case days == 1:
		return w.t("left.tomorrow")
	case days == -1:
		return w.t("left.yesterday")
	case days < 0:
		return w.n("left.ago", -days, args{})
	}
	return w.n("left.in", days, args{})
}

// field names a field of the exchange format or of a plan's rule, in the definite form: budgeten.
func (w *words) field(field string) string {
	switch field {
	case "parent_title", "call_title", "programme", "call", "identifier", "topics", "source", "kind", "divisions", "action_types", "eligible", "title", "text",
		"deadlines", "budget_eur", "opens", "status", "grants", "contribution_min_eur", "contribution_max_eur":
		return w.t("field." + field)
	case "topic":
		return w.t("field.topics")
	case "division":
		return w.t("field.divisions")
	case "action_type":
		return w.t("field.action_types")
	}
	return w.t("field.other")
}

// languageName is engelska for en; empty for a tag that nobody knows.
func (w *words) languageName(tag string) string {
	t, err := language.Parse(tag)
	if err != nil || t == language.Und {
		return ""
	}
	if w.lang == "en" {
		return display.English.Languages().Name(t)
	}
	return display.Swedish.Languages().Name(t)
}

// local is m on a Swedish clock, which shows Brussels' time all year.
func local(m call.Moment) time.Time { return m.Time().In(call.Brussels()) }

// daysBetween counts from one local day to another, whatever the hours and the clock's changes.
func daysBetween(from, to time.Time) int {
	utc := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(utc(to).Sub(utc(from)) / (24 * time.Hour))
}

// Longest texts, in characters: what a reader takes in at a glance.
const (
	maxTitle    = 240
	maxQuote    = 190 // the matcher cuts at 180, before it marks words
	maxSubject  = 70  // of a title there
	maxBrief    = 120 // of a title there
	maxShort    = 90  // of a quotation in an item of a few lines
	maxEligible = 240
	maxSaid     = 130 // of a quotation or of who may apply, as a mail shows it
	maxActivity = 180
	maxLabel    = 80
)

// plain makes one line of what a source wrote: no markup is taken out (it is escaped where it is shown), but
// line ends, control characters and marks that turn the direction of writing are.
func plain(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text.Clean(s))
	return strings.TrimSpace(text.Snippet(strings.Join(strings.Fields(s), " "), most))
}

// quote is plain for a quotation with marked words: cutting must not lose a mark's end.
func quote(s string) string {
	s = plain(s, maxQuote)
	if strings.Count(s, "«") > strings.Count(s, "»") {
		s += "»"
	}
	return s
}

// link gives an address that may stand in a mail, or nothing: http and https only, no user names in it.
func link(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}
