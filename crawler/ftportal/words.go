package ftportal

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"utkik/internal/text"
)

var (
	footnote = regexp.MustCompile(`\[\[.*?\]\]`)                        // notes with addresses in the middle of a title
	numbered = regexp.MustCompile(`^\s*\d{1,2}[a-z]?\s*\.\s*(\S.*)$`)   // a heading of the conditions: "2. Eligible Countries"
	eligHead = regexp.MustCompile(`(?i)^(?:other )?eligib[^:]{0,60}:?`) // of those, the ones on who may apply
)

// mendTitle cleans a title: one line, without entities and footnotes, and said once. Titles come doubled ("X X"),
// and one was seen with its first phrase eight times.
func mendTitle(s string) string {
	s = text.Clean(footnote.ReplaceAllString(html.UnescapeString(s), " "))
	if s == "null" {
		return ""
	}
	return once(s)
}

// once takes repeated phrases out of s: the second of two equal halves, any phrase of three words or more that
// follows itself, and then what is left between two sayings of that phrase at the start and the end.
func once(s string) string {
	w := strings.Fields(s)
	if n := len(w) / 2; len(w)%2 == 0 && n > 0 && len(s) >= 16 && slices.Equal(w[:n], w[n:]) {
		return once(strings.Join(w[:n], " "))
	}
	if len(w) > 300 {
		return s // no title; not worth comparing every phrase with every other
	}
	var phrase []string
	for i := 0; i < len(w); i++ {
		for n := (len(w) - i) / 2; n >= 3; n-- {
			if slices.Equal(w[i:i+n], w[i+n:i+2*n]) {
				if i == 0 {
					phrase = slices.Clone(w[:n])
				}
				w = slices.Delete(w, i+n, i+2*n)
				i--
				break
			}
		}
	}
	if n := len(phrase); n > 0 && len(w) > n && slices.Equal(w[len(w)-n:], phrase) {
		w = w[:n]
	}
	return strings.Join(w, " ")
}

// joinHTML gives the texts of fields of HTML, in order, apart by an empty line.
func joinHTML(fields ...[]string) string {
	var out []string
	for _, values := range fields {
		for _, v := range values {
			if t := mendText(plainText(v)); t != "" && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return strings.Join(out, "\n\n")
}

// plainText reads HTML. Some texts are escaped twice: what is left of the first reading is then HTML still.
func plainText(html string) string {
	t := text.FromHTML(html)
	if strings.Contains(t, "</p>") || strings.Contains(t, "</li>") || strings.Contains(t, "<strong>") {
		t = text.FromHTML(t)
	}
	return t
}

// mendText takes out the word null where it stands for something missing, with the space after it: between two
// sentences, or alone. Every fifth text of the portal has one; a regular expression took nearly as long for
// those as all the HTML took to be read.
func mendText(s string) string {
	const null = "null"
	var b strings.Builder
	rest := s // what comes after the last one that was taken out
	for from := 0; ; {
		i := strings.Index(rest[from:], null)
		if i < 0 {
			break
		}
		before, after := rest[:from+i], rest[from+i+len(null):]
		if after != "" && !isSpace(after[0]) || !missingAfter(before, len(rest) == len(s)) {
			from += i + len(null)
			continue
		}
		b.WriteString(before)
		rest, from = after[min(1, len(after)):], 0
	}
	b.WriteString(rest)
	return strings.TrimSpace(b.String())
}

// missingAfter tells whether a word that follows before stands where a sentence begins: at the start of the text or
// of a line, or after the end of another sentence.
func missingAfter(before string, start bool) bool {
	if before == "" {
		return start
	}
	sentence := strings.TrimRight(before, space)
	return strings.HasSuffix(before, "\n") || len(sentence) < len(before) && sentence != "" && strings.ContainsRune(".!?:;)]", rune(sentence[len(sentence)-1]))
}

const space = "\t\n\f\r "

func isSpace(c byte) bool { return strings.IndexByte(space, c) >= 0 }

// eligibleMax bounds Eligible, in characters: enough for the sentence that limits who may apply.
const eligibleMax = 1000

// eligible gives the sections on eligibility of a topic's conditions, which are numbered: "2. Eligible
// Countries", "3. Other Eligible Conditions".
func eligible(conditions string) string {
	if strings.TrimSpace(conditions) == "" {
		return ""
	}
	var out []string
	inside := false
	for line := range strings.Lines(text.FromHTML(conditions)) {
		line = strings.TrimSpace(line)
		if m := numbered.FindStringSubmatch(line); m != nil {
			head := eligHead.FindString(m[1])
			inside = head != ""
			line = strings.TrimLeft(m[1][len(head):], " :.-–")
			if line == "" || !inside {
				continue
			}
		}
		if inside && line != "" && !strings.EqualFold(strings.TrimRight(line, "."), "n/a") && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return text.Snippet(strings.Join(out, "\n\n"), eligibleMax)
}
