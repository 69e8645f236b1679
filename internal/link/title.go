package link

import (
	"regexp"
	"slices"
	"strings"

	"utkik/internal/text"
)

// common are words that say what an item is, or hold a sentence together, and not what it is about.
var common = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`a an the of for and or to in on at by with within from into towards under its their our this that is are be as
		new open opens opening now call calls proposal proposals topic topics application applications apply applicant funding fund
		grant grants programme program project projects support eu union european europe
		en ett den det de och eller att i pa av for med om till inom fran under som ar vid sin sitt har kan du ni vi
		ny nya oppen oppnar oppet utlysning utlysningar utlysningen sok soka ansok ansokan ansokningar stod stodet bidrag medel projekt
		program programmet eus unionens europeisk europeiska europas internationell
		remiss remissen promemoria promemorian forslag faktapromemoria consultation public feedback evidence evaluation initiative
		kommissionen kommissionens commission radets europaparlamentets rattsakt forordning forordningen eus direktiv direktivet andringsdirektiv
		andring andringar revidering reviderad reviderat reviderade utkast oversyn nytt upphavande regulation directive council parliament amending vad galler gallande vissa anledning nr no pm eu:s`) {
		out[w] = true
	}
	return out
}()

// Name is a title as it is compared.
type Name struct {
	Words   []string `json:"w"`           // without common words, in order
	Numbers []string `json:"n,omitempty"` // years, rounds and stages, in order
	Places  []string `json:"p,omitempty"` // of Words, those that say for which part of Sweden, in order
}

// places tell apart what is else called the same: funds open the same call for one part of the country after the other.
var places = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`norra sodra ostra vastra mellersta ovre nordliga mellansverige norrland smaland oarna stockholm
		sydsverige vastsverige jamtland harjedalen vasternorrland norrbotten vasterbotten gavleborg dalarna varmland skane halland
		blekinge gotland uppsala orebro vastmanland sodermanland ostergotland kronoberg kalmar jonkoping bothnia aurora
		northern southern eastern western central upper middle`) {
		out[stem(w)] = true
	}
	return out
}()

// references are numbers of documents in a title: they name what the item refers to, and are no part of its own name.
var references = regexp.MustCompile(`(?i)\b\d{4}/\d{2}:?\s?FPM\s?\d+|\b[CK]OM\s?\(\d{4}\)\s?\d+(\s?(final|slutlig))?|\b(SOU|Ds)\s?\d{4}:\d+|` +
	`\((EU|EG|EEG|EC|Euratom)\)\s?(nr|no)?\s?\d+/\d+|\b\d{2,4}/\d+/(EU|EG|EC|EEG|RIF|Euratom)\b|\b\d{3,4}/(19|20)\d{2}\b|\(\d{4}:\d+\)`)

// name reads a title.
func name(title string) Name {
	var n Name
	if strings.ContainsAny(title, "0123456789") {
		title = references.ReplaceAllString(title, " ")
	}
	for _, w := range text.Words(title) {
		for _, p := range pieces(w.Text) {
			p = text.Fold(p)
			switch {
			case strings.ContainsAny(p, "0123456789"):
				n.Numbers = append(n.Numbers, p)
			case len(p) < 2 || common[p]:
			default:
				w := stem(p)
				n.Words = append(n.Words, w)
				if places[w] {
					n.Places = append(n.Places, w)
				}
			}
		}
	}
	slices.Sort(n.Numbers)
	n.Numbers = slices.Compact(n.Numbers)
	slices.Sort(n.Places)
	n.Places = slices.Compact(n.Places)
	return n
}

func pieces(word string) []string {
	if p := text.Parts(word); p != nil {
		return p
	}
	return []string{word}
}

// stem makes the plural of an English word its singular; both sides of a comparison are cut alike.
func stem(w string) string {
	if len(w) > 4 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
		return w[:len(w)-1]
	}
	return w
}

// likeness is how much two titles have in common.
type likeness struct {
	score   float64 // 1 for equal ones
	shared  int     // words
	telling bool    // what they share is enough to name something
	run     int     // the longest sequence of words that both have
	fork    bool    // both begin alike and go on otherwise, as the topics of a series do
}

// telling tells whether words can name something: three can, and fewer of the long ones that Swedish puts together.
func telling(words, letters int) bool {
	return words >= 3 || words == 2 && letters >= 16 || words == 1 && letters >= 14
}

func letters(words []string) int {
	n := 0
	for _, w := range words {
		n += len(w)
	}
	return n
}

func alike(a, b Name) likeness {
	if len(a.Words) == 0 || len(b.Words) == 0 {
		return likeness{}
	}
	if slices.Equal(a.Words, b.Words) {
		return likeness{score: 1, shared: len(a.Words), telling: telling(len(a.Words), letters(a.Words)), run: len(a.Words)}
	}
	x, y := shingles(a.Words), shingles(b.Words)
	union, both, shared, long := len(y), 0, 0, 0
	for s := range x {
		if y[s] {
			both++
			if !strings.Contains(s, " ") {
				shared++
				long += len(s)
			}
		} else {
			union++
		}
	}
	l := likeness{score: float64(both) / float64(union), shared: shared, telling: telling(shared, long)}
	for i := range a.Words {
		for k := range b.Words {
			n := 0
			for i+n < len(a.Words) && k+n < len(b.Words) && a.Words[i+n] == b.Words[k+n] {
				n++
			}
			l.run = max(l.run, n)
			if i == 0 && k == 0 {
				l.fork = n > 0 && n+1 < len(a.Words) && n+1 < len(b.Words)
			}
		}
	}
	return l
}

// shingles are the words and the pairs of neighbouring words.
func shingles(words []string) map[string]bool {
	out := make(map[string]bool, 2*len(words))
	for i, w := range words {
		out[w] = true
		if i > 0 {
			out[words[i-1]+" "+w] = true
		}
	}
	return out
}

// apart tells whether two titles speak against each other: a year, a round, a stage or a part of the country that both
// have, and not the same. What only one has says nothing.
func apart(a, b Name) bool {
	if len(a.Places) > 0 && len(b.Places) > 0 && !slices.Equal(a.Places, b.Places) {
		return true
	}
	for _, isYear := range []bool{true, false} {
		pick := func(n Name) []string {
			return slices.DeleteFunc(slices.Clone(n.Numbers), func(s string) bool { return year(s) != isYear })
		}
		x, y := pick(a), pick(b)
		if len(x) > 0 && len(y) > 0 && !slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) }) {
			return true
		}
		if !isYear && len(x) > 0 && len(y) > 0 && !slices.Equal(x, y) {
			return true
		}
	}
	return false
}

// namesIn finds the titles that a text quotes, or gives behind a label: an agency's page names the call by the words
// of the portal, whatever its own title is.
func namesIn(s string) []string {
	var out []string
	add := func(t string) {
		t = text.Clean(t)
		if len(t) >= 20 && len(t) <= 300 && strings.Count(t, " ") >= 2 && len(out) < maxNames && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, q := range [][2]string{{"“", "”"}, {"”", "”"}, {"„", "“"}, {"«", "»"}, {"\"", "\""}, {"‘", "’"}} {
		rest := s
		for {
			_, after, ok := strings.Cut(rest, q[0])
			if !ok {
				break
			}
			in, more, ok := strings.Cut(after, q[1])
			if !ok {
				break
			}
			if len(in) <= 300 && !strings.Contains(in, "\n") {
				add(in)
				rest = more
			} else {
				rest = after
			}
		}
	}
	for line := range strings.SplitSeq(s, "\n") {
		head, tail, ok := strings.Cut(line, ": ")
		if !ok || len(head) > 40 {
			continue
		}
		head = strings.ToLower(strings.TrimSpace(head))
		if slices.Contains(labels, head) || slices.Contains(nameLabels, head) {
			add(strings.TrimRight(tail, ". "))
		}
	}
	return out
}

// maxNames bounds what a text can claim to be called.
const maxNames = 6

var nameLabels = []string{"title", "call title", "topic title", "titel", "engelsk titel", "english title", "utlysningens namn", "name", "namn",
	"consultation", "samråd", "initiative", "initiativ", "call name", "original title", "utlysningens titel"}
