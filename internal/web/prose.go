package web

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"utkik/internal/text"
)

// block is a piece of a text as it is laid out: one of a heading, a list and a paragraph.
type block struct {
	Heading string
	Items   []string
	Text    string // line feeds count
}

const (
	maxHeading = 60   // letters of a line that is taken for a heading
	maxWrapped = 160  // bytes of the longest line that a program wraps; what has longer ones has a paragraph a line
	wall       = 1500 // bytes of a paragraph that is broken up
	pieceSize  = 600  // about, of its pieces
)

// blocks takes a text apart for reading. Sources give plain text, some of it on one line; what it plainly is it is shown as, and no
// word is added, moved or lost but the marks of lists and the colons of headings. A heading is
//
//   - what portals call the parts of a call ([isPart]), with a colon, where a line or a sentence begins: "Scope: Proposals ..."
//   - a line in capitals that ends in a colon
//   - a short paragraph that ends in a colon, that is a question, or that has no stop at all before one that has sentences
//
// where something follows it. Lines that begin with a dash or a bullet are a list.
func blocks(whole string) []block {
	var paras []string
	for para := range strings.SplitSeq(whole, "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			paras = append(paras, para)
		}
	}
	var out []block
	for i, para := range paras {
		next := ""
		if i+1 < len(paras) {
			next = paras[i+1]
		}
		if h, ok := headingOf(para, next); ok {
			out = append(out, block{Heading: h})
			continue
		}
		out = append(out, paragraph(para)...)
	}
	return tidied(out)
}

// tidied joins lists that follow each other, and makes text of a heading that nothing follows.
func tidied(in []block) []block {
	var out []block
	for i, b := range in {
		n := len(out)
		switch {
		case b.Items != nil && n > 0 && out[n-1].Items != nil:
			out[n-1].Items = append(out[n-1].Items, b.Items...)
		case b.Heading != "" && i == len(in)-1:
			out = append(out, block{Text: b.Heading + ":"})
		default:
			out = append(out, b)
		}
	}
	return out
}

// headingOf tells whether a paragraph is a heading of what comes next.
func headingOf(para, next string) (string, bool) {
	first, _ := utf8.DecodeRuneInString(para)
	if next == "" || strings.ContainsAny(para, "\n|") || utf8.RuneCountInString(para) > maxHeading || isItem(para) {
		return "", false
	}
	switch last := para[len(para)-1]; {
	case last == ':':
		return strings.TrimRight(para, ": "), true
	case !unicode.IsUpper(first):
		return "", false
	case isPart(strings.TrimSuffix(para, "?")):
		return para, true
	case last == '?':
		return para, !strings.ContainsAny(para[:len(para)-1], ".!?")
	case strings.ContainsAny(para, ".,;:!…0123456789@"):
		return "", false
	}
	return para, len(next) > 2*len(para) && (isItem(next) || strings.HasSuffix(next, "."))
}

// paragraph takes a paragraph apart: its lines into lists and text, and these at the names of parts.
func paragraph(para string) []block {
	var out []block
	var plain []string // lines that are neither
	end := func() {
		out = append(out, prose(plain)...)
		plain = nil
	}
	for line := range strings.SplitSeq(para, "\n") {
		line = strings.TrimSpace(line)
		first, _ := utf8.DecodeRuneInString(line)
		inList := len(plain) == 0 && len(out) > 0 && out[len(out)-1].Items != nil
		switch {
		case line == "":
		case isItem(line) || inList && strings.HasPrefix(line, "o "):
			end()
			item := strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(line, "o "), bullets))
			if !inList {
				out = append(out, block{})
			}
			last := &out[len(out)-1]
			last.Items = append(last.Items, item)
		case inList && unicode.IsLower(first): // an item that a program wrapped
			items := out[len(out)-1].Items
			items[len(items)-1] += " " + line
		default:
			for _, b := range parted(line) {
				if b.Heading != "" {
					end()
					out = append(out, b)
					continue
				}
				plain = append(plain, b.Text)
			}
		}
	}
	end()
	return out
}

// prose makes paragraphs of lines.
func prose(lines []string) []block {
	if len(lines) == 0 {
		return nil
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return len(l) > maxWrapped }) {
		return []block{{Text: strings.Join(lines, "\n")}}
	}
	var out []block
	for _, line := range lines {
		for _, piece := range pieces(line) {
			out = append(out, block{Text: piece})
		}
	}
	return out
}

// parted takes a line apart at the names of parts that begin it or a sentence of it.
func parted(line string) []block {
	var out []block
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, block{Text: s})
		}
	}
	done := 0
	for at, c := range line {
		if c != ':' || at+1 < len(line) && line[at+1] != ' ' {
			continue
		}
		begin := beginning(line[done:at]) + done
		name := strings.TrimSpace(line[begin:at])
		if whole := begin == 0 && at+1 == len(line); !isPart(name) && !(whole && isCapitals(name)) {
			continue
		}
		add(line[done:begin])
		out = append(out, block{Heading: name})
		done = at + 1
	}
	add(line[done:])
	return out
}

// beginning is where the last sentence of s begins, or what follows another colon.
func beginning(s string) int {
	for i := len(s) - 1; i > 0; i-- {
		if s[i] == ' ' && strings.IndexByte(`.!?;:)]"`, s[i-1]) >= 0 {
			return i + 1
		}
	}
	return 0
}

// isPart tells whether portals call a part of a call so. The English ones are of the Funding & Tenders Portal as it was seen in
// November 2026, by how often; the Swedish ones of the authorities' pages. Capitals do not count, but that of the beginning.
func isPart(name string) bool {
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsUpper(first) {
		return false
	}
	switch strings.ToLower(name) {
	case "scope", "expected outcome", "expected outcomes", "expectedoutcome", "objective", "objectives", "specific objectives", "expected impact", "expected impacts",
		"expected results", "specific challenge", "background", "background and scope", "targeted types of activities", "indicative budget",
		"indicative number of proposals to be funded", "range of financial contribution of the eu per proposal", "management mode", "form of funding",
		"entrusted tasks", "specific topic conditions", "activities", "description of the activities", "deliverables", "functional requirements",
		"eligibility criteria",
		"syfte", "bakgrund", "mål", "målgrupp", "inriktning", "ansökningsperiod", "vem kan söka", "vem kan få stöd", "vad kan du söka för", "vad kan ni söka för",
		"vad kan ni få stöd för", "hur mycket kan ni få i stöd", "hur mycket kan du söka", "så ansöker du", "så ansöker ni":
		return true
	}
	return false
}

// isCapitals tells whether a line has no small letter, and is short.
func isCapitals(s string) bool {
	return utf8.RuneCountInString(s) <= maxHeading && strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsFunc(s, unicode.IsLower)
}

const bullets = "-–•·*▪◦"

// isItem tells whether a line is an item of a list: it begins with a bullet, or a dash and a space.
func isItem(line string) bool {
	rest := strings.TrimLeft(line, bullets)
	if rest == line || strings.TrimSpace(rest) == "" {
		return false
	}
	return rest[0] == ' ' || strings.HasPrefix(line, "•") || strings.HasPrefix(line, "▪") || strings.HasPrefix(line, "◦")
}

// pieces breaks a wall of text, which some sources make of a whole document, between sentences.
func pieces(para string) []string {
	if len(para) <= wall {
		return []string{para}
	}
	var out []string
	for _, at := range text.Sentences(para) {
		sentence := strings.TrimSpace(para[at.Start:at.End])
		if n := len(out); n > 0 && len(out[n-1]) < pieceSize {
			out[n-1] += " " + sentence
			continue
		}
		out = append(out, sentence)
	}
	return out
}
