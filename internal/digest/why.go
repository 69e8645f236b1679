package digest

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/text"
)

// why picks the two quotations. Of the reasons that carry at least a third of the strongest one's weight, one that
// quotes running text is taken before a title, which already stands above, and a title before a code, which
// explains little; and a sentence of the plan before its bare words.
func (b *builder) why(c *call.Call, p *plan.Priority, reasons []match.Reason) Why {
	var best match.Reason
	var most, bestWorth float64
	for _, r := range reasons {
		most = max(most, r.Weight)
	}
	for _, r := range reasons {
		if r.Weight <= 0 || 3*r.Weight < most {
			continue
		}
		var worth float64
		switch {
		case r.Field == "text":
			worth = 3
		case r.Field == "title" || r.Field == "ref":
			worth = 2
		default:
			worth = 1
		}
		switch r.Kind {
		case match.KindSentence, match.KindDecision:
			worth += 1.5
		case match.KindLearned: // a term or a rule says what is meant
			worth /= 10
		}
		if worth > bestWorth {
			best, bestWorth = r, worth
		}
	}
	part, words := partOf(p, best)
	w := Why{Part: part, Plan: quote(words), PlanLanguage: b.in.Plan.Language, Call: quote(best.CallText), Field: best.Field, Networks: []string{}}
	if b.w.lang == "en" && best.PriorityEN != "" {
		w.Plan, w.PlanLanguage = quote(ownWords(p.NameEN, best.PriorityEN)), "en"
	}
	if a, ok := activity(p, c.Kind, best); ok {
		networks := make([]string, len(a.Networks))
		for i, n := range a.Networks {
			networks[i] = plain(n, maxLabel)
		}
		w.Networks = networks
		w.Activity, w.ActivityLanguage = plain(a.Text, maxActivity), b.in.Plan.Language
		if plain(a.Text, maxQuote) == w.Plan { // the quotation above is the activity
			w.Activity, w.ActivityLanguage = "", ""
		}
	}
	return w
}

// partOf tells which part of the plan a reason speaks from, and its words without the priority's name. Where a
// reason says no more than the name, the priority's first sentence speaks for it.
func partOf(p *plan.Priority, r match.Reason) (Part, string) {
	switch {
	case r.Kind == match.KindDecision:
		return PartDecision, r.PriorityText
	case r.Kind == match.KindWords:
		return PartVocabulary, ownWords(p.Name, r.PriorityText)
	case r.PriorityText == "" || r.PriorityText == p.Name:
		return PartText, firstSentence(p.Text)
	}
	return PartText, r.PriorityText
}

// ownWords are a term's words without the priority's name before them.
func ownWords(name, s string) string { return strings.TrimPrefix(s, name+": ") }

func firstSentence(s string) string {
	for _, span := range text.Sentences(s) {
		return s[span.Start:span.End]
	}
	return s
}

// known is k, or call for a kind from a newer source than this text knows.
func known(k call.Kind) call.Kind {
	if k.Validate() != nil {
		return call.KindCall
	}
	return k
}

// activity picks the row of the plan's tables that fits an item best: rows about answering go with consultations
// and only with them; then the one that shares most words with the reason; then the plan's own order. One that
// shares none says nothing.
func activity(p *plan.Priority, k call.Kind, r match.Reason) (plan.Activity, bool) {
	ours := stems(ownWords(p.Name, r.PriorityText) + " " + r.CallText + " " + r.Term)
	best, most := -1, 0
	for i, a := range p.Activities {
		points := 0
		for s := range stems(a.Heading + " " + a.Text) {
			if ours[s] {
				points++
			}
		}
		if answers(a) != (k == call.KindConsultation) {
			if answers(a) {
				continue // a call asks for no answer
			}
		} else if answers(a) {
			points += 100
		}
		if points > most {
			best, most = i, points
		}
	}
	if best < 0 {
		return plan.Activity{}, false
	}
	return p.Activities[best], true
}

func answers(a plan.Activity) bool {
	t := strings.ToLower(a.Text)
	return slices.ContainsFunc([]string{"samråd", "remiss", "consultation"}, func(s string) bool { return strings.Contains(t, s) })
}

// stems are the beginnings of the longer words of s: enough to see that transportpolitik and transporter
// speak of the same thing.
func stems(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if r := []rune(w); len(r) >= 6 {
			out[string(r[:6])] = true
		}
	}
	return out
}

// against lists what held an item back, strongest first, each point once.
func (b *builder) against(results []match.Result) []Against {
	out := []Against{}
	var points []match.Reason
	for _, res := range results {
		for _, r := range res.Reasons {
			if r.Weight < 0 && r.Kind != match.KindLearned { // words that take hundredths are no reason to tell a reader
				points = append(points, r)
			}
		}
	}
	slices.SortStableFunc(points, func(x, y match.Reason) int {
		return cmp.Or(cmp.Compare(x.Weight, y.Weight), strings.Compare(x.Field, y.Field), strings.Compare(x.Term, y.Term))
	})
	for _, p := range points {
		a := Against{Plan: quote(p.PriorityText), Language: b.in.Plan.Language, Call: quote(p.CallText), Field: p.Field, Term: plain(p.Term, maxLabel), Eligibility: p.Kind == match.KindLimit}
		if a.Eligibility {
			a.Language = "sv" // the matcher's own sentence
		}
		if b.w.lang == "en" && p.PriorityEN != "" {
			a.Plan, a.Language = quote(p.PriorityEN), "en"
		}
		if !slices.ContainsFunc(out, func(o Against) bool { return o.Field == a.Field && o.Call == a.Call && o.Term == a.Term }) {
			out = append(out, a)
		}
	}
	return out
}
