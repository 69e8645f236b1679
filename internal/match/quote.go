package match

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"utkik/internal/plan"
	"utkik/internal/text"
)

// longest is how many characters of a sentence are quoted: what a reader takes in at a glance.
const longest = 180

// quotation is what a reason quotes of the plan: in the plan's language, and from its English text.
type quotation struct {
	kind    Kind
	own, en string
}

// quotes is what a priority's plan says of its terms and rules, in their order, and of what is neither.
type quotes struct {
	terms, rules []quotation
	general      quotation
}

// quotesOf finds for every term of a priority the sentence in the plan's language that speaks of it: one that
// holds any of its words, in the priority's own text first and then in its activities; else the one whose
// English counterpart does. A term of which the plan says nothing quotes its own words, and a rule the
// sentence of the terms that its note or its pattern holds.
func quotesOf(pp *plan.Priority, language string) *quotes {
	v := speakerOf(pp)
	q := &quotes{terms: make([]quotation, len(pp.Vocabulary)), rules: make([]quotation, len(pp.Rules))}
	own := v.speak(pp.Text, isEnglish(language))
	english := v.speak(pp.TextEN, true)
	pair(own, english)
	var rows []*sentenceOf
	for _, a := range pp.Activities {
		rows = append(rows, v.speak(a.Text, isEnglish(language))...)
	}
	for k, t := range pp.Vocabulary {
		mine, row, theirs := naming(own, k), naming(rows, k), naming(english, k)
		if mine == nil && row == nil && theirs != nil {
			mine = theirs.other
		}
		switch {
		case t.Weight < 0: // of what is not meant, no sentence that says what is
			q.terms[k] = bare(pp, t, language)
		case mine != nil:
			q.terms[k] = quotation{KindSentence, mine.text, mine.inEnglish(theirs)}
		case row != nil:
			q.terms[k] = quotation{KindSentence, row.text, row.inEnglish(theirs)}
		case t.SV == "" && len(own) > 0 && !isEnglish(language):
			q.terms[k] = quotation{KindSentence, own[0].text, own[0].inEnglish(theirs)}
		default:
			q.terms[k] = bare(pp, t, language)
			if theirs != nil {
				q.terms[k].en = theirs.text
			}
		}
	}
	q.general = quotation{KindRule, pp.Name, pp.NameEN}
	if len(own) > 0 {
		q.general = quotation{KindRule, own[0].text, own[0].inEnglish(nil)}
	}
	for k, r := range pp.Rules {
		quote := q.general
		var best float64
		for _, s := range v.speak(r.Note+"\n\n"+strings.ReplaceAll(r.Pattern, "*", " "), false) {
			for n, t := range pp.Vocabulary {
				if s.terms[n] && t.Weight > best && q.terms[n].kind == KindSentence {
					best, quote.own, quote.en = t.Weight, q.terms[n].own, q.terms[n].en
				}
			}
		}
		q.rules[k] = quote
	}
	return q
}

// speaker finds the terms of one priority in its plan's sentences.
type speaker struct {
	lexicon *lexicon
	terms   [][]spoken // by phrase
}

// spoken is a term that a phrase speaks of.
type spoken struct {
	term    int
	swedish bool
}

func speakerOf(pp *plan.Priority) *speaker {
	v := &speaker{lexicon: newLexicon()}
	for k, t := range pp.Vocabulary {
		for at, phrase := range phrasesOf(t) {
			n := v.lexicon.add(phrase)
			if int(n) == len(v.terms) {
				v.terms = append(v.terms, nil)
			}
			v.terms[n] = append(v.terms[n], spoken{k, at == 0 && t.SV != ""})
		}
	}
	return v
}

// bare quotes a term's own words, in the plan's language where the term has any.
func bare(pp *plan.Priority, t plan.Term, language string) quotation {
	english := strings.ReplaceAll(strings.Join(t.EN, ", "), "*", "")
	own := cmp.Or(strings.ReplaceAll(t.SV, "*", ""), english)
	if isEnglish(language) {
		own = cmp.Or(english, own)
	}
	q := quotation{kind: KindWords, own: pp.Name + ": " + own}
	if english != "" {
		q.en = cmp.Or(pp.NameEN, pp.Name) + ": " + english
	}
	return q
}

func isEnglish(language string) bool {
	return len(language) >= 2 && strings.EqualFold(language[:2], "en")
}

// sentenceOf is a sentence of a plan, with the terms of its priority that it names.
type sentenceOf struct {
	text  string
	terms map[int]bool
	other *sentenceOf // the same in the other language
}

// speak cuts a text into sentences and finds the terms in them.
func (v *speaker) speak(s string, english bool) []*sentenceOf {
	var out []*sentenceOf
	for _, span := range text.Sentences(s) {
		x := &sentenceOf{text: strings.TrimSpace(s[span.Start:span.End]), terms: map[int]bool{}}
		v.lexicon.find(words(x.text), func(phrase int32, _, _ int) {
			for _, t := range v.terms[phrase] {
				if !(english && t.swedish) {
					x.terms[t.term] = true
				}
			}
		})
		out = append(out, x)
	}
	return out
}

// inEnglish is the English for s: its counterpart, else the English sentence that names the same term.
func (s *sentenceOf) inEnglish(named *sentenceOf) string {
	switch {
	case s.other != nil:
		return s.other.text
	case named != nil:
		return named.text
	}
	return ""
}

// pair finds which sentences of a priority's two texts say the same: where both have as many, one by one;
// else those that share most terms, and none with which nothing is shared.
func pair(own, english []*sentenceOf) {
	for k, e := range english {
		if len(own) == len(english) {
			e.other, own[k].other = own[k], e
			continue
		}
		most := 0
		for _, o := range own {
			shared := 0
			for t := range e.terms {
				if o.terms[t] {
					shared++
				}
			}
			if shared > most {
				most, e.other = shared, o
			}
		}
		if e.other != nil && e.other.other == nil {
			e.other.other = e
		}
	}
}

func naming(ss []*sentenceOf, term int) *sentenceOf {
	for _, s := range ss {
		if s.terms[term] {
			return s
		}
	}
	return nil
}

// sentence gives the sentence of pa in which at stands, its words marked with «». A long one is cut at words
// on both sides, so that the marked ones stay in sight.
func sentence(pa *passage, at place) string {
	from, to := pa.words[at.from].start, pa.words[at.to-1].end
	start, end := 0, len(pa.text)
	if pa.field == "text" || utf8.RuneCountInString(pa.text) > longest {
		for _, s := range text.Sentences(pa.text) {
			if s.Start <= from && from < s.End {
				start, end = s.Start, max(s.End, to)
				break
			}
		}
	}
	head, tail := strings.Fields(pa.text[start:from]), strings.Fields(pa.text[to:end])
	ends := pa.cut && end == len(pa.text) && !strings.ContainsRune(".!?", rune(pa.text[end-1]))
	room := longest - utf8.RuneCountInString(pa.text[from:to])
	before, after := runes(head), runes(tail)
	cutHead, cutTail := false, false
	if before+after > room {
		forHead := max(room/2, room-after)
		if before > forHead {
			cutHead = true
			n, at := 0, len(head)
			for at > 0 {
				if n += utf8.RuneCountInString(head[at-1]) + 1; n > forHead {
					break
				}
				at--
			}
			head = head[at:]
		}
		left := room - min(before, forHead)
		if after > left {
			cutTail = true
			n, at := 0, 0
			for at < len(tail) {
				if n += utf8.RuneCountInString(tail[at]) + 1; n > left {
					break
				}
				at++
			}
			tail = tail[:at]
		}
	}
	var b strings.Builder
	if cutHead {
		b.WriteString("…")
	}
	b.WriteString(strings.Join(head, " "))
	if from > start && space(pa.text[from-1]) && (b.Len() > 0) {
		b.WriteByte(' ')
	}
	b.WriteString("«" + strings.Join(strings.Fields(pa.text[from:to]), " ") + "»")
	if to < end && space(pa.text[to]) && len(tail) > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(strings.Join(tail, " "))
	s := b.String()
	if cutTail || ends {
		s = strings.TrimRight(s, " ,;:–-(") + "…"
	}
	return s
}

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// runes counts the characters of words with a space between them.
func runes(ws []string) int {
	n := max(0, len(ws)-1)
	for _, w := range ws {
		n += utf8.RuneCountInString(w)
	}
	return n
}
