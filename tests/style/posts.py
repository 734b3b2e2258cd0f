"""Three posts by one hand, a fourth by the same, and an announcement by nobody; all written for these tests."""

from __future__ import annotations

POSTS = (
    """I quit my job three years ago. No plan. No savings. Just a laptop and a bad coffee habit.

Here's what nobody tells you about starting over:

It's boring. Most days you sit there, you write emails, you wait. You don't feel brave. You feel tired.

But then something clicks. A client says yes. You get paid. You think: wait, I can do this?

So if you're sitting in a meeting right now, wondering if there's more — there is. You just won't find it in that meeting.

What's stopping you? I'd love to hear it.""",
    """My first hire lasted two weeks. It wasn't her fault. It was mine.

I didn't know what I wanted. I didn't write it down. I just hoped she'd read my mind.

She couldn't. Nobody can!

Now I do three things before I hire anyone:

- I write the job down in ten lines
- I do the job myself for a week
- I ask someone who's done it what they hate about it

It's not magic. It's homework. But it works, and you don't lose a friend over it.

What would you add?""",
    """You don't need a brand strategy. There, I said it.

You need five people who'd miss you if you stopped. That's it. Five.

I spent two years on logos and fonts and a website that won a prize. Know how many customers it got me? None. Zero. Then I called ten old clients and asked what they were stuck on. Four of them hired me that month.

So close the design app. Pick up the phone. You'll hate it for ten minutes — and then you won't.""",
)

FOURTH = """I burned out in March. I didn't see it coming. You never do, I guess.

The signs were there: I couldn't sleep, I snapped at my team, I stopped running. But I kept telling myself it's just a busy month.

It wasn't. It was two years.

So I stopped. I took six weeks off, I turned off my phone, and I did nothing. It was awful. And then it wasn't!

Here's what I'd tell you if you're tired: you don't have to earn a break. You just take it. What would you do with a free Tuesday?"""

ANNOUNCEMENT = (
    "The organization is pleased to announce the implementation of a comprehensive framework designed to facilitate cross-functional collaboration and to optimize operational efficiency across all business units. "
    "Furthermore, the initiative demonstrates our continued commitment to sustainable growth and stakeholder engagement. "
    "In addition, a dedicated steering committee has been established in order to ensure that the strategic objectives are achieved within the designated timeframe. "
    "It is anticipated that these measures will subsequently result in significant improvements with regard to customer satisfaction and employee retention. "
    "Additional information regarding the programme will be provided in due course by the responsible departments. "
)
