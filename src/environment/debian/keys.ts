// The keys that sign releases of Debian, by themselves: what a lock trusts is written here and not what lies on a machine.
// Each is the body of its public key packet, whose fingerprint is checked when it is read. Those that sign are mostly
// subkeys; until when each is in force is what its owner said of it (debian-archive-keyring 2023.3+deb12u2).

export interface DebianKey {
  fingerprint: string;
  owner: string;
  /** Day from which it is in force no more. */
  expires: string;
  /** Base 64. */
  body: string;
}

export const DEBIAN_KEYS: readonly DebianKey[] = [
  {
    fingerprint: "A7236886F3CCCAAD148A27F80E98404D386FA1D9",
    owner: "Debian Archive Automatic Signing Key (11/bullseye)",
    expires: "2029-01-15",
    body:
      "BGAEHQwBEAC8chuIZ+O2KpPEihNN2r7jRZSz9DRVoNePZO3LFSA0WTcoInH/ukUgmR0q+nqd4GCF/3/MbJqksnJM5yHqwIAkZq+U" +
      "w6rO0rBjiMjHrTh6JfrKIiaoILp5l+nJZFRU9igDnnKv9wOrsODNyTZbxl3kkbbDJUh03UtMCtpt5/vlVa/bWf/zRZZp0p5wDgGs" +
      "6JjNzne+DXunw/cUXxRfTpeDUtvaF6sCUuTabAlNJ36MRBAAxUVQZi4hhU2zDdC7QS83Is507BryrGTXQQGnxGjYFukRWGPnk3ZY" +
      "EG3SC8F7lO0xPp/gFIVWlrFdJXQozZRXVIU3XtZXUwX8nKQRffIc3VdSoLhN76SVusZj0q14LR6wcxRzKTBAT+fSeXEbKA+JCVOy" +
      "HYRhpyqmRlZqF12TqmA17PIie+DysnuY5PeqKDRzunrV9JS62+xzFSSEV5D4r9zo9OEAxGXMa8Z6mdErtpvEuf0iyt+1uEZ6fyk1" +
      "mon1DyNMchBH7LM/4v33V7Wvl76GjEh+Mx82l0J1WEA6DfQh99dpNDfj2Eg5cUlTIpwZ9i4dSU4IUQ5flsPBqZXDkqDvJPIUT3qm" +
      "1zJwsH6V61Oxjj5DL+yvfKQGceO26IYFTQPkhmPN3lBZZkOzHYSIlrtXXiyU/I0KBc9mjXltw8YDdS7asYfHvQAQ72E3TQARAQAB",
  },
  {
    fingerprint: "ED541312A33F1128F10B1C6C54404762BBB6E853",
    owner: "Debian Security Archive Automatic Signing Key (11/bullseye)",
    expires: "2029-01-15",
    body:
      "BGAEHLABEADrzFhCqk4pzchO4otMWxxRHoDIWAJEnR5upFQ3AwbudSP68+mMMPeMb707PNfaC8T6dRghMG5Z68t5g+DWd70nnn87" +
      "yvOgRV9erUVJgFD+KoBNz1CjRRFgt/LaBihSjgKqRMPUwqAis8kwEO6o+uI7cHiFttChyfBaWS/SZKCJmUi6dgFQO4JiZfmlFlQC" +
      "ekwQZphhlgZeUrd952F75ZqDgtQgVnFvKhtMBkYfNX7UINP5JcxkBJU1slOArjwIQp8GCnHJznDlT43Hafq4L7ycHNNv6l9ViN2T" +
      "yRTqq++YpffXKq3qEhJjuoSRC+xlFBnADaKqllE3uEiGIt0fe2qpThfTskvfqNAbn5dHPU2WA2kUyayFbOA9o8SdoGjePZM7QInx" +
      "DWH0vsMxOuGLW4DTpUeF7xEbNw/tPL8IoKgE3sgKX8UbP1R+4Pxty1XCASGCQh3Z0k/wIJU3AEO4lr8C5YRSdmkmB9K6TFYwZkpU" +
      "yZr6ihyyOsC5wttnObwE5zWMztEofTaJM+p31FIzSa7mZGyCGAtTobvvGhLgy04Yq78A0dN1SFg3hdwYRUHZHSn5H2bcwGPC6+61" +
      "hsW9x6W0frJXpAunc3JS49oOm3uPM7BOgM9npP/5ldX2qwD3o6ZgNrwvQeYp3UfVyjZ7QirhVNikRwkoYbMPcX0FCHDqSwARAQAB",
  },
  {
    fingerprint: "4CB50190207B4758A3F73A796ED0E7B82643E131",
    owner: "Debian Archive Automatic Signing Key (12/bookworm)",
    expires: "2031-01-19",
    body:
      "BGPL0BUBEADlIikS7hDU7PG64tF5vOTdUSBui36HPoe0t7wfobtkDCzKsm8lVyz7DAgo+Ikj6zF7ocM7t8PrN8b0c2dNRw5GDcVM" +
      "xdNEC06/Beu78mWncrH/YMrWBblSYDEQcURpZHtyMU9C5JwCJT1+A8rOT/ukHTmbZJvR/DhFMxl5JAUBqYm2MzRo+yCCTnDXIuPS" +
      "+BjP5Ms5wxZ1AfEHxw+6QY/5vGqRhplI78D1DoFbRSUe17n3JSB5CQnqOJfqaaXXkE4PLmdnpViKhDQGdAm4+li/stqFvw4ZZg7h" +
      "R5IL3/4SpXE7UDBiB9tmTUCo43qiqFU549iRd4EMvMSUPvZ3P2GQ910SAwirTL7NGQccFoKGB2NxPM0YRP8scqrgF/7vAU2iEuDt" +
      "8ObZdbZeg79rCDY162/BUwHMHuLbqOcbSYEq2JOEnW1CKIdjIJ9vJsOCGrz9BzTN2hUGvxZemP1ZBiyAqK9VE3t/vXb0wB5I8NC2" +
      "x7qvYHlIrg6kefoWXfkgRkwnYpmX0ywtLF2t3U7xfDYksQd8kP/025YCYeB0t+0ODiDHNlFnmVEU5bx2L9Hw7SClAnOoZdCKd3mh" +
      "rXl4Dlc61NtAnnBybWNsFIXJBOJcTIX1PYdcBA7BPBgerpgAYVELerhZukshAWmmqaAXm/8choSeWEdfnBUpvtmdgG8AtwARAQAB",
  },
  {
    fingerprint: "B0CAB9266E8C3929798B3EEEBDE6D2B9216EC7A8",
    owner: "Debian Security Archive Automatic Signing Key (12/bookworm)",
    expires: "2031-01-19",
    body:
      "BGPL0F0BEADg0ux+DJGosdzyReAND8zy7WXNY1HbaXW57gyAkNLq6VkSdlj+VxEdZUbOJxhQZ1hLz/uPYK0+htMeCPfJ0IFmJYo9" +
      "6nU1oA3GN7TC5WioorWmh5ncnIX+VV11yo33BQHVlv/P52TQQQCWY4Mn7zp7d5BtsjbiaGYqddLadQKUIW7ErMToYnQws+Dh9AfV" +
      "Vy0IsYtnMd7lE2xdG3W//vuf4/Rr8dxRGMWcQlNlD/Rv2LgW+pPtXJ9jHi6vdg5XxWY04ck+kNBM1o1mCoSP8jtIVNsJjMmufqlx" +
      "n30BbH3C5vA0BQwnDEssReu4O1a7mqXaYry5R+OTd3txyMh6riM1+t5eZujEjhJiTsq2GIJu+/fFv11Q5L+8wOPmTFaUN7Pg73H0" +
      "0a9JbUNE6p1XuLVJ8qc1EpbBxYYqLZKHWlicq3BgYq/MFORVCuMhFaokv5ZuJAFLTZORBetkHBgJ0ns35B/6yJtM1nw94KDYm95H" +
      "HnmCY81dbmQBxfhy5C0wLwokaGuRWBCnvH91WDjWSx54MsIb53x75onuH0GZB0P1+981sNJubEuE+1J91xkJI3xvAtfo3jERO7LY" +
      "wsiSZOvu+HgPy0X1900rTRSXgsD8b0nMjEBQP0f2d9i+Jc/l6dXxxU4xLO8bLH24O0FLjOqWRmvwa8Bdc9bc/0nTvVXLawARAQAB",
  },
  {
    fingerprint: "4D64FEC119C2029067D6E791F8D2585B8783D481",
    owner: "Debian Stable Release Key (12/bookworm)",
    expires: "2031-01-21",
    body: "BGPOuVMWCSsGAQQB2kcPAQEHQHe2dLK8LoZQeiShZHH+B1OEkkv8XEX8BEFs63K3+gBK",
  },
  {
    fingerprint: "B8E5F13176D2A7A75220028078DBA3BC47EF2265",
    owner: "Debian Archive Automatic Signing Key (13/trixie)",
    expires: "2035-03-28",
    body:
      "BGfpPhUBEACygnWLGoIlLzcdlGoqPilLsgSQb/PN4pw+o3UJMfmWNtHulhVm/bpQr+ut/4POrp19kxaYU0tB5vcPPAz5PpG00kw4" +
      "7c42XO0WAngq+Z8c/X7pDu0prGiTXHnWf0rINHXn403SN7EISGClSiTiU7l8jOhClUy3ZbVNMYFGzVa5VfBSzp8i7QBcAH3YS+Fd" +
      "E1vQQI3vZ13T25s3nghT6AHCmTnSRdHjdEoKY8/FpTTlLc+x3Q3i5qqUYwwj9rOd2FtyZ+pudOIW/CQX0+PGeNTGkVkuDiCA8B4v" +
      "zZ8nJyMnoQ8AeDLsb9PVkzPCL9NwtB0Wrat5mcAq00oQGD3J8OKNtRHux76fIA/M1VemjxKbC79knGfCYaOtyNC7NasjcKnOJLuy" +
      "5DlNnnXkXpmQCO6f2mWetsq7qUAZaW02u7sQ4QLs+zK+cwz5Fcni5Lo0FRfsWdIVGYJjtxZZY0Lh7qRzYESv/KIhxnq8Iim+/rtW" +
      "fHrPcq9hjykFQ3vtZKFfIhhDJMg6cNh+ev+JrHb+2RcEnogtYxyHmh9Eb0iSvYN7Uxi8hc/wdmn6+l/J/vSrjXrNz8f9mUt48MjL" +
      "pkssMPVHfM2mPaLoqBINP7zS3uVLZ5maYUaRJDTkg72es9DFg9t3DxVSCwsPTet8MDRPDEFV7q2cDXTqHoV0JzrbFcWBQwARAQAB",
  },
  {
    fingerprint: "89C87ACEA5DD6B8E6A7068808E9F831205B4BA95",
    owner: "Debian Security Archive Automatic Signing Key (13/trixie)",
    expires: "2035-03-28",
    body:
      "BGfpPl0BEAChBbWGxo5+KUAHyz3DSblZpFjzv71W1DNuceRhNfUOUsu3lZKeI1dd3jchp367fmaC5+2rsg5AiZzuGwmhmFtgo1fB" +
      "2ImCPGXuafexKMrJzpLIJm0YxZnNzWauEWmZGTui4UjZ6DjB+c0UvapShIoRxBCgXckTO+w4RgcE5/aakAPh6PD4GyJHX8zAUZW2" +
      "1ZmS9NdNj3K4/8uBcICI0mRhwvXBFz5PmBOPY9n5hI5iKC8cKR8F0CG1JRhtNsThx0S09fT+dQAnGPEo2PTwTcxji5OGHcWYfM4q" +
      "MnfuEAjOGMCYh6GkKDzWMhc2kropnA0P3464dK2sZ4peVOp2nx0m4GucqdtohZ0Ud9dJOchrjaS4Ob97s4bSti+cd0vboPxnZqi4" +
      "i8GS2jvFBv8dkKbvn9Q4TNJdx/r2GBlBxgHfZZq2P77uGZn1JjAzKGpNpW4KUG3p7LOsxGDUP1kjKbNryq35m/BTXIhDNizwfdCl" +
      "wVmKktFdApTpcHPlk/tIu3c1fOfmXZtkWv8oDJOXD0si2rabrfodCU7fRTOLRLc8pH83S/HSlAr4Fe6aAQMzzddUpG5uNDBgFi0t" +
      "BXB/Vvplz0P3t1YfdTTrnnWU2esYqIi/BMu8iu/yTe0eT8PFNwJLi9s26RSntD5blAlRlvTh0lsq8ZOQbzNrZ4XbISgmzwARAQAB",
  },
  {
    fingerprint: "41587F7DB8C774BCCF131416762F67A0B2C39DE4",
    owner: "Debian Stable Release Key (13/trixie)",
    expires: "2033-03-22",
    body: "BGfhqtUWCSsGAQQB2kcPAQEHQEZYdTl/OCjyUXnQD/zO1sTxRLYVsqQKfJ73nRYaml9K",
  },
];
