package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"utkik/internal/call"
	"utkik/internal/text"
)

// mixer makes as many calls as are asked for out of the real ones. Call i is the same in every run and at every size, so
// a smaller size is the beginning of a larger one.
//
// A call takes source, kind, programme, status and dates of one real call, and as many sentences as that one and another
// of its language have together: 45 of a hundred from the first, 35 from the second, the rest from all of the language.
// Its title is the first's, or the beginning of it with the end of another's; its code is the first's with another year
// and number.
//
// Mixing alone would never use a word that the real calls have not, while real collections do: of the n-th call's words
// about K·β·n^(β-1) are new (Heaps). K and β are measured for each language, by the words of half and of all real calls,
// and the mixed ones go on where the real ones end: as many words are coined as that curve says. Swedish joins two words,
// as Swedish does; English ones are blended like names of projects and products. For every word that is new two
// that were coined before come again, older ones oftener, so that half of the vocabulary stays rare, as it is in the real calls.
type mixer struct {
	calls  []call.Call
	texts  [][]string       // sentences, by call
	byLang map[string][]int // calls
	grows  map[string]growth
	part   map[string]float64 // of the calls that are in a language
}

// growth is how the vocabulary of a language grows.
type growth struct {
	calls float64
	words float64 // different ones in as many calls
	beta  float64
	parts []string // words that coined ones are made of
}

// coined gives how many words are coined by the time of n mixed calls of the language.
func (g growth) coined(n float64) int {
	return int(g.words * (math.Pow((g.calls+n)/g.calls, g.beta) - 1))
}

func newMixer(b *testing.B) *mixer {
	b.Helper()
	m := &mixer{byLang: map[string][]int{}, grows: map[string]growth{}, part: map[string]float64{}}
	corpus(b, func(c *call.Call) {
		var sentences []string
		for _, s := range text.Sentences(c.Text) {
			sentences = append(sentences, c.Text[s.Start:s.End])
		}
		lang := language(c)
		m.byLang[lang] = append(m.byLang[lang], len(m.calls))
		m.calls = append(m.calls, *c)
		m.texts = append(m.texts, sentences)
	})
	for lang, calls := range m.byLang {
		seen, half := map[string]bool{}, 0
		shuffled := slices.Clone(calls)
		rand.New(rand.NewPCG(5, 6)).Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
		for n, i := range shuffled {
			for _, w := range wordsOf(m.calls[i].Title + " " + m.calls[i].Text) {
				seen[w] = true
			}
			if n == len(shuffled)/2 {
				half = len(seen)
			}
		}
		g := growth{calls: float64(len(calls)), words: float64(len(seen)), beta: math.Log2(float64(len(seen)) / float64(half))}
		for w := range seen {
			if n := len([]rune(w)); n >= 4 && n <= 10 && !strings.ContainsFunc(w, unicode.IsDigit) {
				g.parts = append(g.parts, w)
			}
		}
		slices.Sort(g.parts)
		m.grows[lang] = g
		m.part[lang] = float64(len(calls)) / float64(len(m.calls))
	}
	return m
}

func language(c *call.Call) string {
	if c.Language == "sv" {
		return "sv"
	}
	return "en"
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// call makes call i.
func (m *mixer) call(i int) call.Call {
	rnd := rand.New(rand.NewPCG(7, uint64(i)))
	first := rnd.IntN(len(m.calls))
	c := m.calls[first]
	lang := language(&c)
	same := m.byLang[lang]
	any := func() int { return same[rnd.IntN(len(same))] }
	second := any()
	if rnd.IntN(2) == 0 {
		c.Title = crossed(c.Title, m.calls[any()].Title)
	}
	c.Ref = fmt.Sprintf("%s-%d", c.Ref, i)
	c.Identifier, c.Call = renumbered(c.Identifier, i), renumbered(c.Call, i/20)
	if _, err := fmt.Sscanf(c.Ref, "%d", new(int)); err == nil && c.Identifier != "" {
		c.URL += fmt.Sprintf("-%d", i)
	}

	sentences := make([]string, len(m.texts[first])+len(m.texts[second]))
	for k := range sentences {
		of := first
		switch p := rnd.IntN(100); {
		case p >= 80:
			of = any()
		case p >= 45:
			of = second
		}
		if n := len(m.texts[of]); n > 0 {
			sentences[k] = m.texts[of][rnd.IntN(n)]
		}
	}
	sentences = slices.DeleteFunc(sentences, func(s string) bool { return s == "" })
	if len(sentences) > 0 {
		g := m.grows[lang]
		before, after := g.coined(float64(i)*m.part[lang]), g.coined(float64(i+1)*m.part[lang])
		put := func(n int) {
			at := rnd.IntN(len(sentences))
			sentences[at] = replaced(sentences[at], m.coin(lang, n), rnd)
		}
		for n := before; n < after; n++ {
			put(n)
			for range 2 {
				if u := rnd.Float64(); before > 0 {
					put(int(float64(before) * u * u))
				}
			}
		}
	}
	var s strings.Builder
	for k, sentence := range sentences {
		switch {
		case k == 0:
		case k%4 == 0:
			s.WriteString("\n\n")
		default:
			s.WriteByte(' ')
		}
		s.WriteString(sentence)
	}
	c.Text = s.String()
	return c
}

// crossed is the beginning of one title with the end of another.
func crossed(a, b string) string {
	x, y := strings.Fields(a), strings.Fields(b)
	return strings.Join(append(slices.Clone(x[:(len(x)+1)/2]), y[len(y)/2:]...), " ")
}

// renumbered is a code with another year and another last number: HORIZON-CL5-2024-D1-01 becomes HORIZON-CL5-2031-D1-77.
func renumbered(code string, i int) string {
	parts := strings.Split(code, "-")
	for k, p := range parts {
		digits := p != "" && !strings.ContainsFunc(p, func(r rune) bool { return r < '0' || r > '9' })
		switch {
		case digits && len(p) == 4 && p[:2] == "20":
			parts[k] = fmt.Sprint(2021 + i%14)
		case digits && k > 0 && k == len(parts)-1:
			parts[k] = fmt.Sprintf("%02d", i/14%1000)
		}
	}
	return strings.Join(parts, "-")
}

// coin makes the n-th new word of a language.
func (m *mixer) coin(lang string, n int) string {
	rnd, parts := rand.New(rand.NewPCG(8, uint64(n))), m.grows[lang].parts
	a, b := parts[rnd.IntN(len(parts))], parts[rnd.IntN(len(parts))]
	if lang == "sv" {
		if rnd.IntN(3) == 0 {
			a += "s"
		}
		return a + b
	}
	x, y := []rune(a), []rune(b)
	return string(x[:len(x)-len(x)/3]) + string(y[len(y)/3:])
}

// replaced puts a word in the place of one of a sentence's words.
func replaced(sentence, word string, rnd *rand.Rand) string {
	fields := strings.Fields(sentence)
	fields[rnd.IntN(len(fields))] = word
	return strings.Join(fields, " ")
}
