package digest

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"utkik/internal/call"
	"utkik/internal/subscription"
	"utkik/internal/watch"
)

// Page is a digest laid out: what both the plain text and the HTML show, in the same order. Its fields are what a
// template may name.
type Page struct {
	Lang     string
	Subject  string
	Heading  string
	Lead     string
	Warnings []string
	Baseline []string
	Sections []pageSection
	Proof    pageProof
	Footer   string
	Foot     []place // where the reader ends the mails, or lets them rest
}

type pageSection struct {
	ID      SectionID
	Heading string
	Count   int
	Groups  []pageGroup
}

type pageGroup struct {
	Name  string // empty where a section is one list
	Items []pageItem
	Fold  string
	More  string     // where the folded ones are; empty when Fold names a command
	Link  string     // what stands there to be pressed: Fold without the address, which is long
	Under []pageItem // the folded ones of what is soon: HTML can keep them out of sight
}

type pageItem struct {
	Brief   string // when, for an item of a few lines; its Why then holds one short quotation
	Title   []span // marked only in an item of a few lines, where the title itself matched
	Lang    string // of the title, when it is not the page's
	URL     string
	Facts   string // kind, programme, language, identifier
	Rows    []row  // what is dated and paid
	Changed []string
	Why     []saying
	Also    string

	AtIntro string // "Även hos", before At
	At      []place
	Links   []place // what can be done with it
	Lines   []place // the same for plain text, where an address takes a line
}

// place is a name and an address: another source of an item, or something that can be done.
type place struct{ Name, URL string }

// row is a label and what belongs to it. Strong marks the one date that a reader looks for.
type row struct {
	Label  string
	Text   string
	Lang   string // of Text, when it is not the page's
	Strong bool
}

// saying is a quotation with its introduction, or a bare sentence.
type saying struct {
	Intro   string
	Open    string // the language's quotation marks; empty for a bare sentence
	Words   []span
	Close   string
	Lang    string // of Words, when it is not the page's
	After   string
	Against bool
}

// span is a stretch of a quotation; Mark is set on the words that matched.
type span struct {
	Text string
	Mark bool
}

type pageProof struct {
	Heading string
	Sources []string
	Words   []string
}

// lay turns a digest into a page. A digest in a language that is not there, which [Build] refuses, comes out
// in Swedish.
func lay(d *Digest) Page {
	w, err := newWords(d.Language)
	if err != nil {
		if w, err = newWords("sv"); err != nil {
			return Page{Subject: d.Subject} // unreachable: the files are part of the program and tested
		}
	}
	p := Page{
		Lang: w.lang, Subject: d.Subject, Heading: w.f("heading", args{Name: d.DepartmentName, Date: d.DateWords}), Lead: d.Lead,
		Warnings: d.Warnings, Proof: pageProof{Heading: w.t("proof.heading"), Words: d.Proof.Words},
		Footer: w.f("footer", args{Name: d.PlanName, Label: d.Authority}),
	}
	if len(d.Follows) > 0 {
		p.Footer += " " + w.f("footer.follows", args{List: strings.Join(d.Follows, "; ")})
	}
	p.Foot = named(w, "act.unsubscribe", d.Foot.Unsubscribe, "act.pause", d.Foot.Pause)
	if d.Only != "" {
		p.Proof, p.Footer = pageProof{}, w.t("footer.reminders")
	}
	for _, b := range d.Baselines {
		p.Baseline = append(p.Baseline, b.Words)
	}
	if d.Only == "" {
		p.Proof.Sources = laySources(w, d.Proof.Sources)
	}
	for _, s := range d.Sections {
		ps := pageSection{ID: s.ID, Heading: s.Heading, Count: s.Count}
		for _, g := range s.Groups {
			pg := pageGroup{Name: g.Name, Fold: g.Fold}
			if g.Fold != "" {
				pg.More = d.More
				pg.Link = strings.TrimRight(strings.TrimSuffix(g.Fold, d.More), ": ") + "."
			}
			if g.Doubtful {
				pg.Name = w.f("group.count", args{Name: g.Name, Count: w.number(int64(len(g.Items)))})
			}
			if s.ID.byDate() {
				if g.Doubtful {
					pg.Name = "" // the fold says it
				}
				for i := range g.Items {
					if i < g.Shown {
						pg.Items = append(pg.Items, layBrief(w, s.ID, &g.Items[i]))
					} else {
						pg.Under = append(pg.Under, layBrief(w, s.ID, &g.Items[i]))
					}
				}
				ps.Groups = append(ps.Groups, pg)
				continue
			}
			said := map[string]bool{} // under this heading
			several := len(d.Follows) > 1
			for _, e := range g.Items[:min(g.Shown, len(g.Items))] {
				if !several { // the mail's last line says it once
					e.Follows = nil
				}
				if said[e.Why.Activity] {
					e.Why.Activity, e.Why.Networks = "", nil
				}
				if said[e.Why.Plan] && e.Why.Part != PartDecision {
					e.Why.Plan = ""
				}
				said[e.Why.Activity], said[e.Why.Plan] = true, true
				pg.Items = append(pg.Items, layItem(w, s.ID, g.Doubtful, &e))
			}
			ps.Groups = append(ps.Groups, pg)
		}
		p.Sections = append(p.Sections, ps)
	}
	return p
}

// fewSources is how many sources of which the same is to be said stand each on a line of their own.
const fewSources = 3

// laySources says how the sources were read. Where the same is to be said of many, it is said once.
func laySources(w *words, sources []SourceProof) []string {
	same := func(s SourceProof) string {
		switch s.sentence() {
		case "never":
			return "proof.many.never"
		case string(watch.OK), string(watch.Quiet):
			if s.Added+s.Changed+s.Quarantined == 0 {
				return "proof.many.quiet"
			}
		}
		return ""
	}
	alike := map[string][]string{}
	for _, s := range sources {
		alike[same(s)] = append(alike[same(s)], s.Name)
	}
	var out []string
	for _, s := range sources {
		if key := same(s); key == "" || len(alike[key]) <= fewSources {
			out = append(out, s.Words)
		}
	}
	for _, key := range []string{"proof.many.quiet", "proof.many.never"} {
		if n := len(alike[key]); n > fewSources {
			out = append(out, w.n(key, n, args{List: w.list(alike[key])}))
		}
	}
	return out
}

// actions are what a reader can do with an item; lines the same, with one address for all that the reader may say.
func actions(w *words, e *Entry) (links, lines []place) {
	l := e.Links
	if subscription.Choice(e.Decision) == subscription.Act {
		l.Act, l.Follow = "", "" // done
	}
	if subscription.Choice(e.Decision) == subscription.Follow {
		l.Follow = ""
	}
	if e.Deadline == nil {
		l.Calendar = ""
	}
	links = named(w, "act.read", l.Read, "act.calendar", l.Calendar, "act.follow", l.Follow, "act.act", l.Act, "act.not", l.NotRelevant)
	if l.Answer == "" {
		return links, links
	}
	return links, named(w, "act.read", l.Read, "act.calendar", l.Calendar, "act.answer", l.Answer)
}

// named are those of some addresses that are there, each after the key of its name.
func named(w *words, pairs ...string) []place {
	var out []place
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, place{w.t(pairs[i]), pairs[i+1]})
		}
	}
	return out
}

// layBrief shows an item of which only a date draws near: when, and one short quotation under its priority.
func layBrief(w *words, id SectionID, e *Entry) pageItem {
	it := pageItem{Title: []span{{Text: plain(e.Title, maxBrief)}}, Lang: foreign(w, e.Language), URL: e.URL}
	it.Links, it.Lines = actions(w, e)
	if id == OpeningSoon && e.Opens != nil {
		it.Brief = w.f("brief.date", args{Date: e.Opens.Short, Name: e.Opens.Left})
		if e.Deadline != nil {
			it.Brief = w.f("brief.opens", args{Date: it.Brief, New: e.Deadline.Near})
		}
		if e.BudgetEUR > 0 {
			it.Brief += ", " + w.amount(e.BudgetEUR)
		}
	} else if e.Deadline != nil {
		it.Brief = w.f("brief.date", args{Date: e.Deadline.Short, Name: e.Deadline.Left})
	}
	it.Brief = upper(it.Brief) + "."
	if id == Reminders {
		it.Brief = strings.TrimSpace(it.Brief + " " + decision(w, e))
	}
	if e.Odds != "" {
		it.Brief += " " + e.Odds
	}
	it.AtIntro, it.At = places(w, e)
	if marked := e.Why.Call; e.Why.Field == "title" && unmarked.Replace(marked) == it.Title[0].Text {
		it.Title = spans(marked)
		it.Why = []saying{{Intro: e.PriorityName + "."}}
		return it
	}
	intro := e.PriorityName + ":"
	words := short(e.Why.Call)
	switch e.Why.Field {
	case "title", "translations", "text", "eligible", "":
	case "ref":
		words = e.Why.Plan
		intro += " " + w.t("brief.decision")
	default:
		words = whole(words)
		intro += " " + w.field(e.Why.Field)
	}
	if words == "" {
		intro = e.PriorityName + "."
	}
	it.Why = []saying{{Intro: intro}}
	if words != "" {
		it.Why[0] = w.saying(intro, words, foreign(w, e.TextLanguage))
	}
	return it
}

var unmarked = strings.NewReplacer("«", "", "»", "")

// short keeps a few words on both sides of the first marked one.
func short(s string) string { return shorten(s, maxShort) }

func shorten(s string, most int) string {
	before, rest, found := strings.Cut(s, "«")
	marked, after, _ := strings.Cut(rest, "»")
	if !found || utf8.RuneCountInString(s) <= most {
		return s
	}
	room := max(0, most-utf8.RuneCountInString(marked)) / 2
	head, tail := strings.Fields(before), strings.Fields(after)
	from, to := len(head), 0
	for n := 0; from > 0; from-- {
		if n += utf8.RuneCountInString(head[from-1]) + 1; n > room {
			break
		}
	}
	for n := 0; to < len(tail); to++ {
		if n += utf8.RuneCountInString(tail[to]) + 1; n > room {
			break
		}
	}
	out := strings.Join(head[from:], " ")
	if from > 0 {
		out = "…" + strings.TrimPrefix(out, "…")
	}
	if out != "" && out != "…" && strings.HasSuffix(before, " ") {
		out += " "
	}
	out += "«" + marked + "»"
	if to > 0 && strings.HasPrefix(after, " ") {
		out += " "
	}
	out += strings.Join(tail[:to], " ")
	if to < len(tail) {
		out = strings.TrimRight(out, " ,;:–-(…") + "…"
	}
	return out
}

// whole takes the marks off what matched as a whole, such as a code.
func whole(s string) string {
	if strings.HasPrefix(s, "«") && strings.Index(s, "»") == len(s)-len("»") {
		return strings.TrimSuffix(strings.TrimPrefix(s, "«"), "»")
	}
	return s
}

// upper makes the first letter a capital.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// saying is a quotation between the language's marks.
func (w *words) saying(intro, quoted, lang string) saying {
	marks := strings.SplitN(w.f("quote", args{Quote: "\x00"}), "\x00", 2)
	return saying{Intro: intro, Open: marks[0], Words: spans(innerQuotes.Replace(quoted)), Close: marks[1], Lang: lang}
}

// layItem shows an item that is told for what happened: in full, or without the plan's words where we may
// probably not apply.
func layItem(w *words, id SectionID, doubtful bool, e *Entry) pageItem {
	brief := doubtful
	it := pageItem{Title: []span{{Text: e.Title}}, Lang: foreign(w, e.Language), URL: e.URL}
	it.Links, it.Lines = actions(w, e)
	var facts []string
	in := e.LanguageWords
	if e.TextLanguage == "en" { // most are, which readers know
		in = ""
	}
	for _, s := range []string{e.KindWords, cmp.Or(e.Programme, e.SourceName), in, e.Identifier} {
		if s != "" && s != e.Title {
			facts = append(facts, s)
		}
	}
	it.Facts = strings.Join(facts, " · ")
	for _, n := range e.Notices {
		if n.Event != call.EventOpened || id == Changed || id == New { // elsewhere the heading says it
			it.Changed = append(it.Changed, n.Words)
		}
	}
	if e.Odds != "" && !slices.Contains(it.Changed, e.Odds) {
		it.Changed = append(it.Changed, e.Odds)
	}
	it.AtIntro, it.At = places(w, e)
	withdrawn := len(e.Notices) > 0 && e.Notices[0].Event == call.EventWithdrawn
	add := func(label, text string, strong bool) {
		if text != "" {
			it.Rows = append(it.Rows, row{Label: w.t(label), Text: text, Strong: strong})
		}
	}
	if e.Opens != nil && !withdrawn && (id == Opened || e.Opens.Days >= 0) {
		label := "label.opens"
		if e.Opens.Days <= 0 && e.Status == string(call.StatusOpen) {
			label = "label.opened"
		}
		add(label, w.f("deadline.left", args{Date: e.Opens.Short, Name: e.Opens.Left}), false)
	}
	switch {
	case e.Deadline != nil && withdrawn:
		add("label.would", e.Deadline.Short, false)
	case e.Deadline != nil:
		label := "label.deadline"
		if e.Kind == call.KindConsultation {
			label = "label.answer"
		}
		add(label, w.f("deadline.left", args{Date: e.Deadline.Short, Name: e.Deadline.Left}), true)
	case e.Kind != call.KindNews && len(e.Deadlines) == 0 && !withdrawn:
		add("label.deadline", w.t("deadline.none"), false)
	}
	if len(e.Deadlines) > 1 && !withdrawn {
		add("label.deadlines", stages(w, e), false)
	}
	add("label.money", e.Money, false)
	if !brief {
		add("label.project", e.Project, false)
		if e.Eligible != "" {
			it.Rows = append(it.Rows, row{Label: w.t("label.eligible"), Text: plain(e.Eligible, maxSaid), Lang: foreign(w, e.TextLanguage)})
		}
	}
	if title, ok := markTitle(e); ok && !brief {
		it.Title = title
		e.Why.Field, e.Why.Call = "ref", "" // said
	}
	it.Why = sayings(w, e, brief)
	if len(e.Also) > 0 {
		names := make([]string, len(e.Also))
		for i, a := range e.Also {
			names[i] = a.Name
		}
		if doubtful {
			names = append([]string{e.PriorityName}, names...)
		}
		it.Also = w.f("also", args{List: w.list(names)})
	} else if doubtful {
		it.Also = w.f("under", args{Name: e.PriorityName})
	}
	it.Also = strings.TrimSpace(it.Also + " " + followed(w, e))
	return it
}

// markTitle marks in an item's title the words that matched, where they stand in it: then it need not be quoted.
func markTitle(e *Entry) ([]span, bool) {
	if e.Why.Field != "title" && e.Why.Field != "translations" {
		return nil, false
	}
	out, rest := []span(nil), e.Title
	for _, s := range spans(e.Why.Call) {
		if !s.Mark {
			continue
		}
		before, after, found := strings.Cut(rest, s.Text)
		if !found {
			return nil, false
		}
		if before != "" {
			out = append(out, span{Text: before})
		}
		out, rest = append(out, s), after
	}
	if out == nil {
		return nil, false
	}
	if rest != "" {
		out = append(out, span{Text: rest})
	}
	return out, true
}

// decision says what a reader decided about an item.
func decision(w *words, e *Entry) string {
	switch subscription.Choice(e.Decision) {
	case subscription.Act:
		return w.t("decided.act")
	case subscription.Follow:
		return w.t("decided.follow")
	}
	return ""
}

// followed says what a reader decided about an item, and what of that it follows led there where that is
// more than the heading above.
func followed(w *words, e *Entry) string {
	var out []string
	if s := decision(w, e); s != "" {
		out = append(out, s)
	}
	if n := len(e.Follows); n > 1 || n == 1 && e.Priority != "" && !e.expected {
		out = append(out, w.f("also.follows", args{List: strings.Join(e.Follows, "; ")}))
	}
	return strings.Join(out, " ")
}

// places are the other sources of an item.
func places(w *words, e *Entry) (intro string, at []place) {
	for _, o := range e.Elsewhere {
		at = append(at, place{o.SourceName, o.URL})
	}
	if len(at) > 0 {
		intro = w.t("elsewhere")
	}
	return intro, at
}

// innerQuotes are what the quotation marks of a quoted text become inside ours.
var innerQuotes = strings.NewReplacer("”", "’", "“", "’", "\"", "’")

// sayings are the two quotations, the plan's own activity, and what speaks against. What we may probably not apply
// for is not explained from the plan, and its title speaks for itself.
func sayings(w *words, e *Entry, brief bool) []saying {
	var out []saying
	say := func(intro, text, lang string) {
		if text != "" {
			out = append(out, w.saying(intro, text, foreign(w, lang)))
		}
	}
	why := e.Why
	switch {
	case brief:
	case why.Part == PartDecision:
		say(w.t("why.decision"), why.Plan, why.PlanLanguage)
	case why.Part == PartVocabulary:
		say(w.t("why.vocabulary"), why.Plan, why.PlanLanguage)
	default:
		say(w.t("why.plan"), why.Plan, why.PlanLanguage)
	}
	switch field := why.Field; {
	case field == "ref", brief && field == "title": // no more than the title, which stands above
	case field == "title":
		say(w.t("why.title"), short(why.Call), e.TextLanguage)
	case field == "translations":
		say(w.t("why.title"), short(why.Call), e.Language)
	case field == "eligible":
		say(w.t("why.eligible"), why.Call, e.TextLanguage)
	case field == "text" || field == "":
		say(w.t("why."+string(known(e.Kind))), shorten(why.Call, maxSaid), e.TextLanguage)
	case field == "identifier" || field == "call": // codes read better inside the sentence
		say(upper(w.field(field)), whole(why.Call), "")
		if len(out) > 0 {
			out[len(out)-1].After = w.t("why.code")
		}
	default:
		say(w.f("why.named", args{Label: upper(w.field(field))}), whole(why.Call), e.TextLanguage)
	}
	if !brief {
		say(w.t("why.activity"), why.Activity, why.ActivityLanguage)
		if len(why.Networks) > 0 && len(out) > 0 {
			after := w.f("why.networks", args{List: w.list(why.Networks)})
			if why.Activity != "" {
				out[len(out)-1].After = after
			} else {
				out = append(out, saying{Intro: after})
			}
		}
	}
	for _, a := range e.Against {
		switch {
		case a.Eligibility && a.Plan != "":
			out = append(out, saying{Intro: w.t("against"), Words: spans(a.Plan), Lang: foreign(w, a.Language), Against: true})
			if a.Field == "eligible" {
				say(w.t("why.eligible"), a.Call, e.TextLanguage)
			}
		case a.Eligibility:
			say(w.t("against"), a.Call, e.TextLanguage)
			out[len(out)-1].Against = true
		case brief, a.Call == "", a.Field != "text" && a.Field != "title": // a rule of the plan tells a reader nothing
		default: // words that the plan says are not meant: they were not counted
			say(w.t("against.words"), a.Call, e.TextLanguage)
		}
	}
	return out
}

// stages are all the days of a call that has several: what has passed of many cut-offs is only counted.
func stages(w *words, e *Entry) string {
	var parts []string
	passed := 0
	for i, d := range e.Deadlines {
		switch {
		case e.DeadlineModel == "two-stage" && d.Passed:
			parts = append(parts, w.f("deadline.stage.passed", args{Count: w.number(int64(i + 1)), Date: d.Short}))
		case e.DeadlineModel == "two-stage":
			parts = append(parts, w.f("deadline.stage", args{Count: w.number(int64(i + 1)), Date: d.Short}))
		case d.Passed:
			passed++
		default:
			parts = append(parts, d.Short)
		}
	}
	s := w.list(parts)
	if passed > 0 {
		s = strings.TrimPrefix(s+"; ", "; ") + w.n("deadline.earlier", passed, args{})
	}
	return s
}

// foreign is lang when it differs from the page's, and is a language's tag: sources write other things there.
func foreign(w *words, lang string) string {
	if lang == w.lang {
		return ""
	}
	if _, err := language.Parse(lang); err != nil {
		return ""
	}
	return lang
}

// spans splits a quotation at its «marks».
func spans(s string) []span {
	var out []span
	for s != "" {
		before, rest, found := strings.Cut(s, "«")
		if before != "" {
			out = append(out, span{Text: before})
		}
		if !found {
			break
		}
		marked, after, _ := strings.Cut(rest, "»")
		if marked != "" {
			out = append(out, span{Text: marked, Mark: true})
		}
		s = after
	}
	return out
}
