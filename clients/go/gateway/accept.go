package main

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	listItem  = regexp.MustCompile(`(?:[^,"]|"(?:[^"\\]|\\.)*")+`)
	itemPart  = regexp.MustCompile(`(?:[^;"]|"(?:[^"\\]|\\.)*")+`)
	isQuality = regexp.MustCompile(`^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$`)
)

// rank is how much a media type is wanted: its quality, how closely the range that says so names it, that one's place.
type rank struct {
	quality   float64
	closeness int
	place     int
}

func (r rank) over(other rank) bool {
	switch {
	case r.quality != other.quality:
		return r.quality > other.quality
	case r.closeness != other.closeness:
		return r.closeness > other.closeness
	}
	return r.place < other.place
}

// prefersText tells whether `text/plain` is wanted more than JSON (RFC 9110, section 12.5.1), as the registry's own
// REST transport does.
func prefersText(accept string) bool {
	text, json := rankOf(accept, "text/plain"), rankOf(accept, "application/json")
	return text.quality > 0 && text.over(json)
}

// rankOf is decided by the closest range; its quality is 0 where the type isn't wanted.
func rankOf(accept, kind string) rank {
	family, _, _ := strings.Cut(kind, "/")
	names := []string{"*/*", family + "/*", kind}
	found := rank{closeness: -1}
	for place, item := range listItem.FindAllString(accept, -1) {
		name, quality, isOther := mediaRange(item)
		for closeness, known := range names {
			if name == known && !isOther && closeness > found.closeness {
				found = rank{quality, closeness, place}
			}
		}
	}
	return found
}

// mediaRange reads a member of Accept; isOther where it has a parameter besides `charset` and `q`.
func mediaRange(item string) (name string, quality float64, isOther bool) {
	parts := itemPart.FindAllString(item, -1)
	quality = 1
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(strings.ToLower(part), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "q" {
			if isQuality.MatchString(value) {
				quality, _ = strconv.ParseFloat(value, 64)
			}
			break
		}
		isOther = isOther || key != "charset"
	}
	return strings.ToLower(strings.TrimSpace(parts[0])), quality, isOther
}
