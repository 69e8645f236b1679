package survey

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"utkik/crawler/kind"
)

// ID drafts the id of a source from the host of its address: vinnova of https://www.vinnova.se/en/.
func ID(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "new-source"
	}
	labels := strings.Split(strings.ToLower(u.Hostname()), ".")
	labels = slices.DeleteFunc(labels, func(l string) bool { return slices.Contains([]string{"www", "m", "en", "sv"}, l) })
	if len(labels) > 1 {
		labels = labels[:len(labels)-1]
	}
	slices.Reverse(labels)
	id := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.Join(labels, "-"), "-"), "-")
	if id == "" || regexp.MustCompile(`^[0-9-]+$`).MatchString(id) {
		return "new-source"
	}
	return id
}

// zones of the countries whose sites are watched; the rest is Brussels'.
func zoneOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "Europe/Brussels"
	}
	switch host := u.Hostname(); host[strings.LastIndexByte(host, '.')+1:] {
	case "se":
		return "Europe/Stockholm"
	case "no":
		return "Europe/Oslo"
	case "dk":
		return "Europe/Copenhagen"
	case "fi":
		return "Europe/Helsinki"
	}
	return "Europe/Brussels"
}

// AsFeed drafts the file of a source that reads a feed of the page.
func (p Page) AsFeed(id string, f Feed) []byte {
	var b strings.Builder
	p.head(&b, id, "feed", f.Address)
	fmt.Fprintf(&b, "address:\n  list: %s\nevery: 24h\ndelay: 1s\n\nexpect:\n  min_items: 1 # raise it to what a healthy day has\n  max_jump: 0.5\n", quoted(f.Address))
	return []byte(b.String())
}

// AsList drafts the file of a source that reads a list of the page.
func (p Page) AsList(id string, l List) []byte {
	var b strings.Builder
	p.head(&b, id, "htmllist", p.Address)
	fmt.Fprintf(&b, "address:\n  list: %s\nevery: 24h\ndelay: 1s\n\n", quoted(p.Address))
	fmt.Fprintf(&b, "expect:\n  min_items: 1 # raise it to what a healthy day has; %d stood there\n  max_jump: 0.5\n", l.Count)
	if 10*l.Dated >= 9*l.Count && slices.ContainsFunc(l.Fields, func(f kind.Field) bool { return f.Name == "deadlines" }) {
		b.WriteString("  fields:\n    - {field: deadlines, least: 0.8}\n")
	}
	fmt.Fprintf(&b, "\nrules:\n  # %d blocks; the first is: %s\n  items: {select: %s}\n", l.Count, comment(l.First), quoted(l.Select))
	switch {
	case p.Next.Select != "":
		fmt.Fprintf(&b, "  pages: {link: {select: %s, attribute: href}}\n", quoted(p.Next.Select))
	case p.Next.Parameter != "":
		fmt.Fprintf(&b, "  pages: {parameter: %s, first: %d}\n", quoted(p.Next.Parameter), p.Next.First)
	default:
		b.WriteString("  # No link to a further page was found: check that the list is all on one.\n")
	}
	b.WriteString("  # What the site says when nothing is open, word by word, so that an empty list is told from a changed page:\n  # none: [Just nu finns inga utlysningar]\n  fields:\n")
	for _, f := range l.Fields {
		fmt.Fprintf(&b, "    - {name: %s%s}%s\n", f.Name, ruleOf(f.Find), doubt(f))
	}
	if !slices.ContainsFunc(l.Fields, func(f kind.Field) bool { return f.Name == "deadlines" }) {
		b.WriteString("    # No day was found in the list. If it stands on the page of each item, read that:\n  # detail:\n  #   text: main\n  #   fields:\n  #     - {name: deadlines, label: [Sista ansökningsdag]}\n")
	}
	return []byte(b.String())
}

func (p Page) head(b *strings.Builder, id, kindName, from string) {
	fmt.Fprintf(b, "# A draft from %s. Mend it by `utkik sources check %s`, and read the site's robots.txt and terms first.\n", comment(from), id)
	fmt.Fprintf(b, "id: %s # fixed once calls are stored under it\nkind: %s\n", id, kindName)
	fmt.Fprintf(b, "name: %s # for readers, in Swedish\nhome: %s\n", quoted(cmp.Or(cut(p.Title, shownFirst), id)), quoted(p.Address))
	b.WriteString("enabled: false # until a person has mended it\n")
	if regexp.MustCompile(`^[a-z]{2,3}$`).MatchString(p.Language) {
		fmt.Fprintf(b, "language: %s\n", p.Language)
	}
	fmt.Fprintf(b, "zone: %s\n\n", zoneOf(p.Address))
}

func ruleOf(f kind.Find) string {
	out := ""
	if f.Select != "" {
		out += ", select: " + quoted(f.Select)
	}
	if len(f.Label) > 0 {
		labels := make([]string, len(f.Label))
		for i, l := range f.Label {
			labels[i] = quoted(l)
		}
		out += ", label: [" + strings.Join(labels, ", ") + "]"
	}
	if f.Attribute != "" {
		out += ", attribute: " + f.Attribute
	}
	return out
}

// doubt is the comment on a rule that a person has to look at.
func doubt(f kind.Field) string {
	if f.Name == "deadlines" && len(f.Label) == 0 {
		return " # or is it the day of publication?"
	}
	return ""
}

// quoted is a text as YAML reads it back on one line.
func quoted(s string) string {
	return "'" + strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "'", "''") + "'"
}

// comment is a text that ends no comment.
func comment(s string) string { return strings.Join(strings.Fields(s), " ") }
